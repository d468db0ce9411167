/** Thread-CPU time per operation, which other load on the machine hardly affects. */

/** A subject to measure: runs its operation `count` times. */
export interface Subject {
  readonly name: string
  readonly run: (count: number) => Promise<unknown>
}

/** Microseconds per operation. */
export interface Measured {
  readonly name: string
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Rounds of each subject. */
export const rounds = 11

/** The length of a round in milliseconds: long enough to be timed, short enough for rounds to alternate. */
const roundMillis = 60

/** The least warm-up, in milliseconds. */
const warmUpMillis = 300

const cpuMicros = async (subject: Subject, count: number): Promise<number> => {
  globalThis.gc?.()
  const before = process.threadCpuUsage()
  await subject.run(count)
  const { system, user } = process.threadCpuUsage(before)
  return user + system
}

/** Warms a subject up and determines how many operations make a round. */
const calibrate = async (subject: Subject): Promise<number> => {
  let count = 100
  let spent = 0
  let last = 0
  while (spent < warmUpMillis * 1000) {
    last = await cpuMicros(subject, count)
    spent += last
    if (last < roundMillis * 1000) count *= 2
  }
  return Math.max(50, Math.round((count * roundMillis * 1000) / Math.max(last, 1)))
}

/** Measures subjects in alternating rounds, so that drift of the machine affects all of them. */
export const measure = async (subjects: ReadonlyArray<Subject>): Promise<ReadonlyArray<Measured>> => {
  const counts: Array<number> = []
  for (const subject of subjects) counts.push(await calibrate(subject))
  const times = subjects.map((): Array<number> => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, subject] of subjects.entries()) {
      const count = counts[index]!
      times[index]!.push((await cpuMicros(subject, count)) / count)
    }
  }
  return subjects.map(({ name }, index) => {
    const sorted = times[index]!.sort((a, b) => a - b)
    return { name, median: sorted[Math.floor(rounds / 2)]!, least: sorted[0]!, most: sorted.at(-1)! }
  })
}
