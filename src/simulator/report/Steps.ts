/** The lengths of the intervals of a report. */

const seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600]

/** The shortest round lengths, in milliseconds, that divide a duration into at most 20 and at most 120 intervals. */
export const stepsOf = (duration: number): { readonly coarse: number; readonly fine: number } => ({
  coarse: stepOf(duration, 20),
  fine: stepOf(duration, 120)
})

const stepOf = (duration: number, most: number): number => {
  const step = seconds.find((step) => duration <= most * step * 1000)
  return step === undefined ? Math.ceil(duration / most / 3_600_000) * 3_600_000 : step * 1000
}
