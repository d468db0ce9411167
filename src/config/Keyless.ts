/** Removes keys and server settings from a config file, for commands that call no provider. */

/** Sections that only a running gateway needs. */
const serverSections = new Set(["server", "bench", "telemetry", "log"])

/** The one field of `server` that decides which target a request goes to. */
const choosing = "affinity"

/** Replaces a key that is not read. */
const placeholder = "not-read"

/** The file without these sections (except `server.affinity`), and with a placeholder for every API key. */
export const of = (file: unknown): unknown => {
  if (!isObject(file)) return file
  const kept = Object.entries(file).filter(([section]) => !serverSections.has(section))
  const sections = Object.fromEntries(
    kept.map(([section, value]) => [section, section === "providers" ? mapValues(value, provider) : value])
  )
  return isObject(file.server) && choosing in file.server
    ? { ...sections, server: { [choosing]: file.server[choosing] } }
    : sections
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
