import { NodeEngine } from '../../src/engine/node-engine.ts'
import { describeEngine } from './engine-suite.ts'

describeEngine('node', (options, handler) => new NodeEngine(options, handler))
