/** Events that have no blank lines between them, or `data:` twice: some relays write each event as one line. */
import * as JsonBounds from "./JsonBounds.ts"

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The events of a block whose data is not JSON, although each of its lines is; `undefined` for any other block. */
export const apart = (block: Uint8Array): Uint8Array | undefined => {
  let events = ""
  let name = ""
  let count = 0
  let isDoubled = false
  for (const line of decoder.decode(block).split(/\r\n|\n|\r/)) {
    const data = /^data: ?(?=(data: ?)?)(?:\1)?/.exec(line)
    if (data === null) {
      if (line.startsWith("event:")) name = `${line}\n`
      else if (line !== "" && !/^(?:id|retry)?:/.test(line)) return undefined
      continue
    }
    isDoubled ||= data[1] !== undefined
    const value = line.slice(data[0].length)
    if (value === "") continue
    if (!value.startsWith("[DONE]") && !isJson(value)) return undefined
    events += `${name}data: ${value}\n\n`
    name = ""
    count++
  }
  return count > 1 || isDoubled ? encoder.encode(events) : undefined
}

const isJson = (text: string): boolean => {
  if (JsonBounds.excessOf(encoder.encode(text)) !== undefined) return false
  try {
    return typeof JSON.parse(text) === "object"
  } catch {
    return false
  }
}
