/**
 * The API reference in Markdown, from the doc comments: one page for each entry point, and one for each of its modules.
 *
 *     npm run docs
 *
 * A file that has one main export of its own name, such as `OpenAi`, has a page too.
 *
 * It reads the declarations that the compiler emits, so it has inferred types too. A type that no entry point exports, but that
 * an exported one extends, refers to or takes as its options, is shown below it.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join, relative, resolve } from "node:path"
import { parseAst } from "vitest/node"

const root = resolve(import.meta.dirname, "../..")

/** Where the pages are. */
export const folder = join(root, "docs/api")

/** The pages, by file name, and the exports that have no doc comment. */
export interface Reference {
  readonly pages: ReadonlyMap<string, string>
  readonly undocumented: ReadonlyArray<string>
}

/** An export: its declaration and its doc comment. */
interface Export {
  readonly name: string
  /** A whole module under one name, or a single declaration. */
  readonly module?: Module
  readonly doc: string | undefined
  readonly code: string
  /** The module that declares it. The names in its code refer to that module. */
  readonly home?: Module
}

interface Module {
  readonly path: string
  readonly doc: string | undefined
  readonly exports: ReadonlyArray<Export>
  /** What a name in the module's code refers to: `Options`, or `HttpProvider.Options`. */
  readonly resolve: (name: string, member: string | undefined) => Export | undefined
}

/** The parts of a statement in the parser's tree that are used here. */
interface Statement {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly source?: { readonly value: string } | null
  readonly exported?: { readonly name: string } | null
  readonly declaration?: Declared | null
  readonly specifiers?: ReadonlyArray<{
    readonly type: string
    readonly local: { readonly name: string }
    readonly exported?: { readonly name: string }
    readonly imported?: { readonly name: string }
  }>
}

interface Declared {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly id?: { readonly name: string } | null
  readonly superClass?: { readonly name?: string } | null
  readonly declarations?: ReadonlyArray<{ readonly id: { readonly name: string } }>
}

/** Emits the declarations, formatted as the sources are. */
const emit = (directory: string): void => {
  const run = (file: string, ...args: ReadonlyArray<string>) =>
    execFileSync(process.execPath, [join(root, "node_modules", file), ...args], { cwd: root, stdio: "pipe" })
  // With one thread, the order of union members is always the same.
  const options = [
    "--singleThreaded",
    "--emitDeclarationOnly",
    "--declarationMap",
    "false",
    "--outDir",
    directory
  ]
  run("typescript/bin/tsc", "-p", "tsconfig.build.json", ...options)
  const { formatter, javascript } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8"))
  const config = { formatter: { ...formatter, lineWidth: 100 }, javascript, linter: { enabled: false } }
  writeFileSync(join(directory, "biome.json"), JSON.stringify(config))
  run("@biomejs/biome/bin/biome", "format", "--write", `--config-path=${directory}`, directory)
}

/** Generates all pages. */
export const generate = (): Reference => {
  const directory = mkdtempSync(join(tmpdir(), "reference-"))
  try {
    emit(directory)
    return fromDeclarations(directory)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const fromDeclarations = (directory: string): Reference => {
  const modules = new Map<string, Module>()
  const moduleAt = (path: string): Module => {
    const known = modules.get(path)
    if (known !== undefined) return known
    const source = join(root, "src", relative(directory, path).replace(/\.d\.ts$/, ".ts"))
    const made = readModule(path, moduleDocOf(readFileSync(source, "utf8")), moduleAt)
    modules.set(path, made)
    return made
  }

  const manifest: { readonly exports: Readonly<Record<string, string | { readonly types: string }>> } =
    JSON.parse(readFileSync(join(root, "package.json"), "utf8"))
  const entries = Object.entries(manifest.exports).flatMap(([entry, target]) =>
    typeof target === "string"
      ? []
      : [
          {
            name: `effect-failover${entry.slice(1)}`,
            folder: entry === "." ? "core" : entry.slice(2).replaceAll("/", "-"),
            module: moduleAt(join(directory, target.types.replace("./dist/", "")))
          }
        ]
  )
  const codes = new Set(entries.flatMap(({ module }) => allOf(module)).map(({ code }) => code))
  const pages = new Map<string, string>()
  const undocumented: Array<string> = []
  const index: Array<string> = []
  for (const { folder, module, name } of entries) {
    pages.set(`${folder}.md`, pageOf(name, folder, module, codes))
    for (const { module: inner, name: as } of module.exports) {
      if (inner !== undefined) pages.set(`${folder}/${as}.md`, modulePageOf(name, folder, as, inner, codes))
    }
    for (const [main, exports] of filesOf(module)) {
      pages.set(`${folder}/${main}.md`, filePageOf(name, folder, main, exports, codes))
    }
    undocumented.push(...namesWithoutDoc(name, module))
    index.push(`| [${name}](${folder}.md) | ${firstSentence(module.doc)} |`)
  }
  const head =
    "# API\n\nOne page for each entry point and each of its modules, made of the doc comments by `npm run docs`.\n"
  pages.set("README.md", `${head}\n| import from | what is there |\n| --- | --- |\n${index.join("\n")}\n`)
  return { pages, undocumented }
}

// -- reading -------------------------------------------------------------------------------------------------------

/** The description of a file: its first comment, unless that is directly above a declaration. */
const moduleDocOf = (source: string): string | undefined => {
  const [, comment, next] = /^\s*(?:#!.*\n)?(\/\*\*[\s\S]*?\*\/)\n(.*)/.exec(source) ?? []
  const isModules =
    comment !== undefined &&
    !/^export (?:declare |abstract )*(?:const|class|function|type \w|interface)/.test(next ?? "")
  return isModules ? textOf(comment) : undefined
}

const readModule = (
  path: string,
  moduleDoc: string | undefined,
  moduleAt: (path: string) => Module
): Module => {
  const text = readFileSync(path, "utf8")
  const body = parseAst(text, { lang: "ts", astType: "ts", sourceType: "module" })
    .body as unknown as ReadonlyArray<Statement>
  const comments = [...text.matchAll(/\/\*\*[\s\S]*?\*\//g)].map((match) => ({
    end: match.index + match[0].length,
    doc: textOf(match[0])
  }))
  const docAt = (start: number): string | undefined =>
    comments.find(({ doc, end }) => end <= start && doc !== moduleDoc && text.slice(end, start).trim() === "")
      ?.doc

  const elsewhere = (specifier: string) =>
    moduleAt(resolve(dirname(path), specifier.replace(/\.ts$/, ".d.ts")))
  const find = (module: Module, name: string, as: string): Export => {
    const found = module.exports.find((each) => each.name === name)
    return found === undefined ? { name: as, doc: undefined, code: "" } : { ...found, name: as }
  }

  /** What a name of this module refers to, whether it is declared or imported here. */
  const local = (name: string, as: string): Export => {
    for (const statement of body) {
      if (statement.type !== "ImportDeclaration" || statement.source == null) continue
      const specifier = statement.specifiers?.find((each) => each.local.name === name)
      if (specifier === undefined || !statement.source.value.startsWith(".")) continue
      const module = elsewhere(statement.source.value)
      return specifier.imported === undefined
        ? { name: as, module, doc: module.doc, code: "" }
        : find(module, specifier.imported.name, as)
    }
    const statement = body.find((each) => namesOf(each as unknown as Declared).includes(name))
    return statement === undefined
      ? { name: as, doc: undefined, code: "" }
      : {
          name: as,
          doc: docAt(statement.start),
          code: clean(text.slice(statement.start, statement.end)),
          home: module
        }
  }

  const module: Module = {
    path,
    doc: moduleDoc,
    get exports() {
      return exports
    },
    resolve: (name, member) => {
      const found = local(name, name)
      if (member === undefined) return found.module === undefined && found.code !== "" ? found : undefined
      const inside = found.module?.exports.find((each) => each.name === member)
      return inside === undefined ? undefined : { ...inside, name: `${name}.${member}` }
    }
  }

  const exports = merged(
    body.flatMap((statement): ReadonlyArray<Export> => {
      if (statement.type === "ExportAllDeclaration" && statement.source != null) {
        const module = elsewhere(statement.source.value)
        return statement.exported == null
          ? module.exports
          : [{ name: statement.exported.name, module, doc: module.doc, code: "" }]
      }
      if (statement.type !== "ExportNamedDeclaration") return []
      const { declaration, source, specifiers = [] } = statement
      if (declaration != null) {
        const base = declaration.superClass?.name
        const above = base?.endsWith("_base")
          ? body.find((each) => namesOf(each as unknown as Declared).includes(base))
          : undefined
        const code = [above, statement]
          .filter((each) => each !== undefined)
          .map(({ end, start }) => clean(text.slice(start, end)))
          .join("\n\n")
        return namesOf(declaration).map((name) => ({ name, doc: docAt(statement.start), code, home: module }))
      }
      return specifiers.map(({ exported, local: { name } }) => {
        const as = exported?.name ?? name
        return source == null ? local(name, as) : find(elsewhere(source.value), name, as)
      })
    })
  )
  return module
}

const namesOf = (declared: Declared): ReadonlyArray<string> =>
  declared.declarations?.map(({ id }) => id.name) ?? (declared.id == null ? [] : [declared.id.name])

/** A value and a type with one name, or the overloads of a function, are documented together. */
const merged = (exports: ReadonlyArray<Export>): ReadonlyArray<Export> => {
  const byName = new Map<string, Export>()
  for (const each of exports) {
    const known = byName.get(each.name)
    byName.set(
      each.name,
      known === undefined
        ? each
        : {
            ...known,
            doc: known.doc ?? each.doc,
            code: known.code === each.code ? known.code : `${known.code}\n\n${each.code}`
          }
    )
  }
  return [...byName.values()]
}

/**
 * Longer declarations are generated by the compiler, such as the type of a whole HTTP API. They help no reader,
 * and their inner order is not always the same.
 */
const maxLines = 80
const shownLines = 2

const clean = (code: string): string => {
  const lines = code
    // Effect's own names, in inferred types of error classes: `import("effect/Cause").YieldableError`.
    .replace(/\bimport\("effect\/(\w+)"\)/g, "$1")
    .replace(/^export /, "")
    .replace(/^declare /, "")
    .replace(/^default /, "")
    .split("\n")
  return lines.length <= maxLines
    ? lines.join("\n")
    : [...lines.slice(0, shownLines), "// … and so on"].join("\n")
}

/** A comment without its stars. */
const textOf = (comment: string): string =>
  comment
    .replace(/^\/\*\*|\*\/$/g, "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim()

// -- writing -------------------------------------------------------------------------------------------------------

const fenced = (code: string): string => `\`\`\`typescript\n${code}\n\`\`\``

/** A comment as Markdown. Its tags become examples, or are removed. */
const prose = (doc: string): string =>
  doc
    .split(/^@/m)
    .map((part, i) => {
      if (i === 0) return part.trim()
      return part.startsWith("example") ? `Example:\n\n${fenced(part.slice("example".length).trim())}` : ""
    })
    .filter((part) => part !== "")
    .join("\n\n")

const firstSentence = (doc: string | undefined): string =>
  (/^[\s\S]*?[.](?=\s|$)/.exec(doc ?? "")?.[0] ?? doc ?? "").replace(/\s+/g, " ").replaceAll("|", "\\|")

const anchor = (name: string): string => name.toLowerCase().replaceAll(".", "")

/** Everything that an entry point exports, including the members of its modules. */
const allOf = (module: Module): ReadonlyArray<Export> =>
  module.exports.flatMap((each) => (each.module === undefined ? [each] : each.module.exports))

/** The types that an export extends, refers to or takes as its options, and that no entry point exports, with those that they extend. */
const hiddenOf = (exported: Export, codes: ReadonlySet<string>): ReadonlyArray<Export> => {
  const hidden = new Map<string, Export>()
  const visit = ({ code, home }: Export): void => {
    if (home === undefined) return
    const heritage = [...code.matchAll(/\bextends ([^{]+)\{|\btype \w+ = ([\w.]+)/g)]
      .map((match) => match[1] ?? match[2]!)
      .join(" ")
    const options = [...code.matchAll(/\b(?:\w+\.)?\w*(?:Options|Settings)\b/g)]
      .map((match) => match[0])
      .join(" ")
    for (const [, name, member] of `${heritage} ${options}`.matchAll(/\b([A-Z]\w*)(?:\.([A-Z]\w*))?/g)) {
      const found = home.resolve(name!, member)
      if (found === undefined || codes.has(found.code) || hidden.has(found.code)) continue
      if (!/^(?:interface|type) /.test(found.code)) continue
      hidden.set(found.code, found)
      visit(found)
    }
  }
  visit(exported)
  return [...hidden.values()]
}

/** Sections of some exports, each followed by the types that it needs and that are documented nowhere else. */
const sectionsOf = (level: string, exports: ReadonlyArray<Export>, codes: ReadonlySet<string>) => {
  const shown = new Set(codes)
  return exports.flatMap((each) => [
    sectionOf(level, each.name, each),
    ...hiddenOf(each, shown).map((hidden) => {
      shown.add(hidden.code)
      return sectionOf(`${level}#`, hidden.name, hidden)
    })
  ])
}

const tableOf = (exports: ReadonlyArray<Export>, link: (each: Export) => string) =>
  exports.length === 0
    ? ""
    : `| export | is |\n| --- | --- |\n${exports
        .map((each) => `| [${each.name}](${link(each)}) | ${firstSentence(each.doc)} |`)
        .join("\n")}`

const joined = (parts: ReadonlyArray<string>) => `${parts.filter((part) => part !== "").join("\n\n")}\n`

/** What an entry point exports of the files whose main export has the name of the file, by that name. */
const filesOf = (module: Module): ReadonlyMap<string, ReadonlyArray<Export>> => {
  const files = new Map<string, Array<Export>>()
  for (const each of module.exports) {
    if (each.module !== undefined || each.home === undefined) continue
    const file = basename(each.home.path, ".d.ts")
    files.set(file, [...(files.get(file) ?? []), each])
  }
  return new Map([...files].filter(([file, exports]) => exports.some(({ name }) => name === file)))
}

/** The page of an entry point: its modules, and its own exports. */
const pageOf = (name: string, folder: string, module: Module, codes: ReadonlySet<string>): string => {
  const files = [...filesOf(module)]
  const fileWith = (each: Export) => files.find(([, exports]) => exports.includes(each))?.[0]
  const link = (each: Export): string => {
    const file = each.module === undefined ? fileWith(each) : each.name
    if (file === undefined) return `#${anchor(each.name)}`
    return `${folder}/${file}.md${file === each.name ? "" : `#${anchor(each.name)}`}`
  }
  const single = module.exports.filter((each) => each.module === undefined && fileWith(each) === undefined)
  return joined([
    `# ${name}`,
    prose(module.doc ?? ""),
    tableOf(module.exports, link),
    ...sectionsOf("##", single, codes)
  ])
}

/** The page of a file with a main export, which comes first. */
const filePageOf = (
  entry: string,
  folder: string,
  name: string,
  exports: ReadonlyArray<Export>,
  codes: ReadonlySet<string>
): string =>
  joined([
    `# ${name}`,
    fenced(`import { ${exports.map((each) => each.name).join(", ")} } from "${entry}"`),
    ...sectionsOf(
      "##",
      [...exports].sort((one, other) => Number(other.name === name) - Number(one.name === name)),
      codes
    ),
    `[All of ${entry}](../${folder}.md)`
  ])

/** The page of a module. */
const modulePageOf = (
  entry: string,
  folder: string,
  name: string,
  module: Module,
  codes: ReadonlySet<string>
): string => {
  const single = module.exports.filter((each) => each.module === undefined)
  return joined([
    `# ${name}`,
    fenced(`import { ${name} } from "${entry}"`),
    prose(module.doc ?? ""),
    tableOf(single, (each) => `#${anchor(each.name)}`),
    ...sectionsOf("##", single, codes),
    `[All of ${entry}](../${folder}.md)`
  ])
}

const sectionOf = (level: string, name: string, { code, doc }: Export): string =>
  [`${level} ${name}`, prose(doc ?? ""), fenced(code)].filter((part) => part !== "").join("\n\n")

const namesWithoutDoc = (entry: string, { exports }: Module): ReadonlyArray<string> =>
  exports.flatMap(({ doc, module, name }) => [
    ...(doc === undefined || doc === "" ? [`${entry}: ${name}`] : []),
    ...(module?.exports ?? [])
      .filter((each) => each.doc === undefined || each.doc === "" || each.code === "")
      .filter((each) => each.module === undefined)
      .map((each) => `${entry}: ${name}.${each.name}`)
  ])

if (import.meta.main) {
  const { pages, undocumented } = generate()
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [file, page] of pages) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), page)
  }
  for (const name of undocumented) console.warn(`without a doc comment: ${name}`)
}
