/**
 * Installs the dependencies when something is missing, and says nothing when nothing is.
 *
 * It runs before the npm scripts, so that one command is enough on a clean clone. The project's own Node (a
 * development dependency) is part of what it installs, so this file has to run on an older one as well.
 */
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const packagesIn = (path) => JSON.parse(readFileSync(root + path, "utf8")).packages

/** True when everything the lockfile asks for on every platform is there, in that version. */
const isInstalled = () => {
  if (!existsSync(`${root}node_modules/.bin/node`) && !existsSync(`${root}node_modules/.bin/node.cmd`))
    return false
  if (!existsSync(`${root}node_modules/.package-lock.json`)) return false
  const installed = packagesIn("node_modules/.package-lock.json")
  return Object.entries(packagesIn("package-lock.json")).every(
    ([path, { devOptional, optional, version }]) =>
      path === "" || optional || devOptional || installed[path]?.version === version
  )
}

if (!isInstalled()) {
  process.stderr.write("Installing dependencies (once) ...\n")
  const npm = process.env.npm_execpath
  const args = ["ci", "--no-audit", "--no-fund", "--loglevel=error"]
  // npm's own Node runs npm: the project's is about to be replaced.
  const { status } =
    npm === undefined
      ? spawnSync("npm", args, { cwd: root, stdio: ["ignore", 2, 2], shell: process.platform === "win32" })
      : spawnSync(process.env.npm_node_execpath ?? process.execPath, [npm, ...args], {
          cwd: root,
          stdio: ["ignore", 2, 2]
        })
  if (status !== 0 || !isInstalled()) {
    process.stderr.write("The dependencies could not be installed; `npm ci` says why.\n")
    process.exit(status || 1)
  }
}
