/** Cells of each row of the table under this heading of a page. */
export function pageRows(page: string, title: string): string[][] {
  const table = page.split(`<h2>${title}</h2>`)[1]!.split('</table>')[0]!
  return table.split('<tr>').flatMap((row) => {
    const cells = row.split(/<\/t[hd]>/).map((cell) => cell.replace(/<[^>]*>/g, ' ').trim())
    return cells.length === 1 ? [] : [cells.slice(0, -1)]
  })
}
