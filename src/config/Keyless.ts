/** A config file as those need it who call nobody: without keys, and without what only a running gateway needs. */

/** Sections that say how a gateway listens, and where it writes. */
const running = new Set(["server", "bench", "telemetry", "log"])

/** Stands for a key that is not read, wherever it may be. */
const placeholder = "not-read"

/** The same file without these sections, and with a placeholder for the key of every credential that has one. */
export const of = (file: unknown): unknown => {
  if (!isObject(file)) return file
  const kept = Object.entries(file).filter(([section]) => !running.has(section))
  return Object.fromEntries(
    kept.map(([section, value]) => [section, section === "providers" ? mapValues(value, provider) : value])
  )
}

const provider = (value: unknown): unknown =>
  isObject(value) && Array.isArray(value.credentials)
    ? { ...value, credentials: value.credentials.map(credential) }
    : value

const credential = (value: unknown): unknown =>
  isObject(value) && typeof value.apiKey === "string" ? { ...value, apiKey: placeholder } : value

const mapValues = (value: unknown, f: (value: unknown) => unknown): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, f(item)])) : value

const isObject = (u: unknown): u is Readonly<Record<string, unknown>> =>
  typeof u === "object" && u !== null && !Array.isArray(u)
