/** The methods of each path of the admin API. */
import { AdminApi } from "./AdminApi.ts"

/** The document of the API, which is not one of its endpoints. */
export const documentPath = "/admin/openapi.json"

const byPath = new Map<string, Array<string>>([[documentPath, ["GET"]]])
for (const { endpoints } of Object.values(AdminApi.groups)) {
  for (const { method, path } of Object.values(endpoints)) {
    byPath.set(path, [...(byPath.get(path) ?? []), method])
  }
}

/** Parameters are one part of a path each. */
const patterns = [...byPath].map(
  ([path, methods]) => [new RegExp(`^${path.replaceAll(/:\w+/g, "[^/]+")}$`), methods.join(", ")] as const
)

/** The methods that a path has, as in the header `allow`; `undefined` if nothing has the path. */
export const of = (url: string): string | undefined => {
  const path = url.split("?", 1)[0]!
  return patterns.find(([pattern]) => pattern.test(path))?.[1]
}
