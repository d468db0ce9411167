/** Parses JSON with comments, and keeps the line of every part. */
import * as Result from "effect/Result"
import {
  findNodeAtLocation,
  getNodePath,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode
} from "jsonc-parser"
import { formatPath, type Path, type Problem } from "./Problem.ts"

/** A parsed file. */
export interface JsonFile {
  readonly value: unknown
  /** The line, from 1, of the value at a path, or of the nearest existing part around it. */
  readonly lineOf: (path: Path) => number | undefined
  /** Duplicate names in an object, of which only the last would count. */
  readonly problems: ReadonlyArray<Problem>
}

/** Parses JSON with comments and trailing commas. Fails with every syntax error. */
export const parse = (text: string): Result.Result<JsonFile, ReadonlyArray<Problem>> => {
  const errors: Array<ParseError> = []
  const source = text.startsWith("\uFEFF") ? text.slice(1) : text
  const root = parseTree(source, errors, { allowTrailingComma: true })
  const lineAt = lines(source)
  if (root === undefined || errors.length > 0) {
    return Result.fail(
      errors.length === 0
        ? [{ path: "", message: "the file is empty" }]
        : errors.map((error) => ({
            path: "",
            message: `not JSON: ${inWords(printParseErrorCode(error.error))}`,
            line: lineAt(error.offset)
          }))
    )
  }
  return Result.succeed({
    value: getNodeValue(root),
    lineOf: (path) => {
      for (let length = path.length; length > 0; length--) {
        const node = findNodeAtLocation(root, path.slice(0, length))
        if (node !== undefined) return lineAt(node.offset)
      }
      return undefined
    },
    problems: [...duplicates(root)].map((name) => ({
      path: formatPath(getNodePath(name)),
      message: "is defined twice",
      line: lineAt(name.offset)
    }))
  })
}

/** `PropertyNameExpected` as `property name expected`. */
const inWords = (code: string): string => code.replace(/(?!^)([A-Z])/g, " $1").toLowerCase()

/** Maps an offset to its line. */
const lines = (text: string): ((offset: number) => number) => {
  const starts = [0]
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** Names that their object already has. */
function* duplicates(node: Node): Iterable<Node> {
  const seen = new Set<unknown>()
  for (const child of node.children ?? []) {
    if (node.type === "object") {
      const name = child.children?.[0]
      if (name !== undefined && seen.has(name.value)) yield name
      seen.add(name?.value)
    }
    yield* duplicates(child)
  }
}
