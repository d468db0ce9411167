/** Helpers that build and change the document. Text is never parsed as markup. */

import { plain } from "./words.js"

/**
 * @typedef {Node | string | undefined | false} Child
 * @typedef {{ readonly [name: string]: string | number | boolean | undefined }} Attributes
 */

/**
 * An element with attributes and children.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {ReadonlyArray<Child>} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag)
  assign(node, attributes)
  node.append(...present(children))
  return node
}

const svgSpace = "http://www.w3.org/2000/svg"

/**
 * The same for SVG.
 *
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} [attributes]
 * @param {ReadonlyArray<Child>} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export const svg = (tag, attributes = {}, ...children) => {
  const node = document.createElementNS(svgSpace, tag)
  assign(node, attributes)
  node.append(...present(children))
  return node
}

/** @param {ReadonlyArray<Child>} children @returns {ReadonlyArray<Node | string>} */
const present = (children) =>
  children.flatMap((child) => (child === undefined || child === false || child === "" ? [] : [child]))

/** @param {Element} node @param {Attributes} attributes */
const assign = (node, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value))
  }
}

/** The element with an id, which must exist. @param {string} id @returns {HTMLElement} */
export const byId = (id) => {
  const node = document.getElementById(id)
  if (node === null) throw new Error(`the page has no #${id}`)
  return node
}

/** @param {string} id @returns {HTMLInputElement} */
export const input = (id) => /** @type {HTMLInputElement} */ (byId(id))

/** @param {string} id @returns {HTMLDialogElement} */
export const dialog = (id) => /** @type {HTMLDialogElement} */ (byId(id))

/** A name from outside, which may break after each of its parts. @param {string} name @returns {ReadonlyArray<Child>} */
export const breakable = (name) =>
  plain(name)
    .split(/(?<=[/#:])/)
    .flatMap((part) => [part, el("wbr")])

/** Sets a text if it changed, so that screen readers do not announce it twice. @param {Element} node @param {string} text */
export const setText = (node, text) => {
  if (node.textContent !== text) node.textContent = text
}

/** @param {Element} node @param {string} name @param {string} value */
export const setAttribute = (node, name, value) => {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value)
}

/** Makes these the children of a node, in this order, moving only those out of place. @param {Element} parent @param {ReadonlyArray<Element>} children */
export const arrange = (parent, children) => {
  const wanted = new Set(children)
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove()
  let place = parent.firstElementChild
  for (const child of children) {
    if (child === place) place = place.nextElementSibling
    else parent.insertBefore(child, place)
  }
}

/** The paths of the icons, 16 by 16. Each has its own shape, so that colour alone has no meaning. */
const shapes = {
  serving: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm3.6 4.2L7 9.9 4.6 7.5 3.4 8.7 7 12.3l5.8-5.9Z",
  resting: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM5.2 4.8v6.4h2V4.8Zm3.6 0v6.4h2V4.8Z",
  "half-open": "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.8v10.4a5.2 5.2 0 0 0 0-10.4Z",
  probing:
    "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.8A5.2 5.2 0 1 0 8 13.2 5.2 5.2 0 0 0 8 2.8Zm0 2.6a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2Z",
  manual: "M5 7V4.6a3 3 0 0 1 6 0V7h1.2v7.4H3.8V7Zm1.8 0h2.4V4.6a1.2 1.2 0 0 0-2.4 0Z",
  failed:
    "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1ZM5.6 4.4 4.4 5.6 6.8 8l-2.4 2.4 1.2 1.2L8 9.2l2.4 2.4 1.2-1.2L9.2 8l2.4-2.4-1.2-1.2L8 6.8Z",
  running:
    "M8 2.5a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2Zm0 7.8a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2ZM2.5 8a1.6 1.6 0 1 1 3.2 0 1.6 1.6 0 0 1-3.2 0Zm7.8 0a1.6 1.6 0 1 1 3.2 0 1.6 1.6 0 0 1-3.2 0Z",
  interrupted: "M2.5 7h11v2h-11Z",
  warn: "M8 1.2 15.4 14.5H.6ZM7.1 6v4.4h1.8V6Zm0 5.4v1.7h1.8v-1.7Z",
  unknown: "M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm0 1.8A5.2 5.2 0 1 0 8 13.2 5.2 5.2 0 0 0 8 2.8Z"
}

/** @typedef {keyof typeof shapes} Shape */

/** The outline of an icon. @param {Shape} shape */
export const shapeOf = (shape) => shapes[shape]

/** A decorative icon: a text always stands beside it. @param {Shape} shape */
export const icon = (shape) =>
  svg(
    "svg",
    { class: "icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: shapes[shape], "fill-rule": "evenodd" })
  )
