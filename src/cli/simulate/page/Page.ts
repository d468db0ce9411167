/** The report of a simulation as one self-contained page with charts. */
import type { Report } from "../../../simulator/report/Report.ts"
import * as Compared from "../Compared.ts"
import * as Text from "../Text.ts"
import * as Charts from "./Charts.ts"
import { escape, section, table } from "./Html.ts"
import * as Lanes from "./Lanes.ts"
import * as Parts from "./Parts.ts"
import { css } from "./Style.ts"

/** The page of one report, or of two side by side. It loads nothing and has no scripts. */
export const format = (one: Compared.Named, other: Compared.Named | undefined): string => {
  const { about, title } = one.report
  const name = title ?? "A simulated outage"
  const head = `<header><h1>${escape(name)}</h1>${about === undefined ? "" : `<p>${escape(about)}</p>`}<p class="muted">${escape(`${Text.asked(one.report)} ${Text.called(one.report)}`)}</p></header>`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escape(name)}</title><style>${css}</style></head>
<body><main>${head}${other === undefined ? single(one.report) : pair(one, other)}</main></body></html>
`
}

const single = (report: Report): string => {
  const most = Charts.mostOf(report)
  return [Parts.verdict(report), Parts.tiles(report), ...charts(report, most), ...details(report)].join("")
}

const charts = (report: Report, most: Charts.Most): ReadonlyArray<string> => [
  Charts.served(report, most),
  Charts.late(report, most),
  Lanes.format(report),
  Charts.calls(report, most)
]

const details = (report: Report): ReadonlyArray<string> => [
  Parts.targets(report),
  Parts.faults(report),
  Parts.story(report),
  Parts.examples(report)
]

const pair = (one: Compared.Named, other: Compared.Named): string => {
  const [a, b] = [Charts.mostOf(one.report), Charts.mostOf(other.report)]
  // The same axes and colours for both, so that they can be compared.
  const most = {
    asked: Math.max(a.asked, b.asked),
    late: Math.max(a.late, b.late),
    calls: Math.max(a.calls, b.calls),
    targets: [...new Set([...a.targets, ...b.targets])]
  }
  const note = Compared.noteOf(one, other)
  const half = ({ name, report }: Compared.Named) =>
    `<div><h3>${escape(name)}</h3>${[Parts.verdict(report), ...charts(report, most), ...details(report)].join("")}</div>`
  return [
    `<p class="differs">${escape(Compared.sentence(one, other))}</p>`,
    note === undefined ? "" : `<p>${escape(note)}</p>`,
    section("Compared", table(["", one.name, other.name], Compared.cells(one.report, other.report), [1, 2])),
    `<div class="pair">${half(one)}${half(other)}</div>`
  ].join("")
}
