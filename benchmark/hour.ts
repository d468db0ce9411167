/**
 * The cost of a simulation: `npm run bench -- --hour` simulates an hour at 100 requests a second and prints its CPU time and heap. A
 * number after it replaces the 60 minutes.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Simulation from "../src/simulator/Simulation.ts"
import * as BuiltIn from "../src/simulator/scenario/BuiltIn.ts"
import * as Scenario from "../src/simulator/scenario/Scenario.ts"

const megabytes = (bytes: number) => `${Math.round(bytes / 1_048_576)} MB`

/** Runs the simulation, with the first target overloaded for a twelfth of the time. */
export const print = async (minutes: number): Promise<void> => {
  const length = minutes * 60_000
  const scenario = Result.getOrThrow(
    Scenario.resolve(
      {
        duration: length,
        requests: { perSecond: 100 },
        faults: [{ target: "first target", fault: "overloaded", from: length / 4, until: length / 3 }]
      },
      BuiltIn.config
    )
  )
  const began = process.cpuUsage()
  let highest = 0
  const look = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().heapUsed)
  }, 100)
  const { tally } = await Effect.runPromise(Simulation.play(scenario, BuiltIn.config))
  clearInterval(look)
  const { system, user } = process.cpuUsage(began)
  const seconds = (user + system) / 1e6
  console.log(`\n${minutes} minutes at 100 requests a second: ${tally.asked} requests, ${tally.calls} calls`)
  console.log(
    `  ${seconds.toFixed(1)} s of CPU, ${((1e6 * seconds) / tally.asked).toFixed(0)} µs a request; aim: at most ${minutes} s: ${seconds <= minutes ? "reached" : "missed"}`
  )
  console.log(`  the heap was at most ${megabytes(highest)}`)
}
