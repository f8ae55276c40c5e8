/**
 * The part of OpenAPI 3.1 that the routes are described in, and the schemas that several of them
 * share.
 */

export interface Schema {
  readonly [keyword: string]: unknown
}

export interface Media {
  readonly [mediaType: string]: { readonly schema: Schema }
}

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: 'path' | 'query'
    readonly required: boolean
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly required: true; readonly content: Media }
  /**
   * By status. Problems that every route may answer with (401, 413 …) are added by
   * openapi-document.ts.
   */
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Media }>
  >
}

export const PROBLEM_REF: Schema = { $ref: '#/components/schemas/Problem' }

export function jsonContent(schema: Schema): Media {
  return { 'application/json': { schema } }
}

export function problemContent(): Media {
  return { 'application/problem+json': { schema: PROBLEM_REF } }
}
