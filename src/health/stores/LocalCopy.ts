/** This process's copy of a bench that is shared over Redis, and what it knows of the records there. */
import type { BenchKey } from "../../domain/BenchKey.ts"
import * as Bench from "../Bench.ts"
import type { EngineBench } from "../EngineBench.ts"
import { forgive, restore } from "./Saved.ts"
import * as Shared from "./Shared.ts"

/** Ends that differ by less than this, in milliseconds, are equal: two clocks were read on the way. */
const slack = 500

/** A replica that was denied a probe tries again after this long, in milliseconds. */
const retryClaimAfter = 1_000

/** The entry after its probe was denied. One before the end of the cooldown leaves that end. */
const denied = (entry: Bench.Entry, until: number, now: number): Bench.Entry =>
  now < entry.until && entry.othersAt <= now
    ? { ...entry, probe: 0, othersAt: until }
    : { ...entry, probe: 0, until }

/** The local bench of a replica, which every decision uses, and the records that it has exchanged with Redis. */
export class LocalCopy {
  readonly bench: EngineBench
  /** The name of this process in Redis. */
  readonly replica: string
  /** Each key as it was when this process and Redis last agreed on it. */
  readonly agreed = new Map<BenchKey, Shared.Agreed>()
  /** Probes of this process that were announced to the others. */
  readonly claimed = new Map<BenchKey, number>()
  /** The state of Redis that the epochs in `agreed` belong to. */
  #known = { era: "", epoch: 0 }

  constructor(bench: EngineBench, replica: string) {
    this.bench = bench
    this.replica = replica
  }

  get entries(): Bench.State["entries"] {
    return this.bench.stateUnsafe().entries
  }

  /** The key is now the same here and in Redis. */
  agree(
    key: BenchKey,
    entry: Bench.Entry | undefined,
    { epoch = 0, taken = 0 }: { readonly epoch?: number; readonly taken?: number } = this.agreed.get(key) ??
      {}
  ): void {
    if (entry === undefined) this.agreed.delete(key)
    else this.agreed.set(key, { entry, epoch, taken })
  }

  /** A new session begins: Redis may have been replaced, and all epochs are forgotten. */
  reconnected(): void {
    this.#forgetEpochs()
    this.#known = { era: "", epoch: 0 }
  }

  /** Redis has this era and epoch now. If it was replaced, or its counter has restarted, all epochs are forgotten. */
  isAt(era: string, epoch: number): void {
    if (era !== this.#known.era || epoch < this.#known.epoch) this.#forgetEpochs()
    this.#known = { era, epoch }
  }

  /** Redis has written these changes. `sent` has the entries that they were made of. */
  written(
    era: string,
    changes: ReadonlyArray<{ readonly _tag: "Put" | "Clear" | "GiveBack"; readonly key: BenchKey }>,
    epochs: ReadonlyArray<number>,
    sent: ReadonlyMap<BenchKey, Bench.Entry>
  ): void {
    this.isAt(era, Math.max(era === this.#known.era ? this.#known.epoch : 0, ...epochs))
    for (const [index, { _tag, key }] of changes.entries()) {
      const taken = this.agreed.get(key)?.taken ?? 0
      if (_tag === "Put") this.agree(key, sent.get(key), { epoch: epochs[index] ?? 0, taken })
      else if (_tag === "Clear") this.agree(key, sent.get(key))
    }
  }

  /** Applies records of Redis in one step. `ahead`: how far this clock is ahead of Redis', in milliseconds. */
  apply(records: ReadonlyArray<readonly [BenchKey, Shared.Record]>, ahead: number, now: number): void {
    const { agreed, entries, replica } = this
    const news = records.flatMap(([key, record]) => {
      const { epoch, writer } = record
      const known = agreed.get(key)
      // Applied before; later local changes are newer.
      if (known !== undefined && epoch <= (writer === replica ? known.epoch : known.taken)) return []
      const isSent = known?.entry === entries.get(key)
      const isLatest = isSent && epoch > (known?.epoch ?? 0)
      return [{ key, record, known, isSent, isLatest, from: Shared.fromWire(record, ahead) }]
    })
    if (news.length === 0) return
    this.bench.modifyUnsafe((state) => {
      let next = state
      for (const { from, isLatest, key } of news) next = restore(next, key, from, now, slack, isLatest)
      return [undefined, next]
    }, now)
    const after = this.entries
    for (const { isSent, key, known, record } of news) {
      const { epoch, writer } = record
      const taken = writer === replica ? (known?.taken ?? 0) : epoch
      const entry = isSent ? after.get(key) : known?.entry
      this.agree(key, entry, { epoch: Math.max(epoch, known?.epoch ?? 0), taken })
    }
  }

  /** Another replica cleared a key. */
  cleared(key: BenchKey, byHand: boolean, now: number): void {
    const known = this.agreed.get(key)
    const here = this.entries.get(key)
    if (known?.entry !== here) {
      // A local bench that began meanwhile and has not been sent yet is newer than the one cleared remotely.
      if (!byHand) return
      if (here?.manual !== undefined && here.manual !== known?.entry.manual)
        return void this.agreed.delete(key)
    }
    const { entry } = this.#modify(key, now, (state) => forgive(state, key, byHand, now))
    this.agree(key, entry)
  }

  /** Sends keys again that Redis has lost. */
  sendAgain(keys: ReadonlyMap<BenchKey, Shared.Agreed>): void {
    for (const [key, known] of keys) if (this.agreed.get(key) === known) this.agreed.delete(key)
  }

  /** Another replica is probing: this one tries again after a moment. */
  denied(probe: Bench.Probe, wait: number, now: number): void {
    const until = now + Math.min(wait, retryClaimAfter)
    for (const key of probe.keys) {
      this.claimed.delete(key)
      const { entry, isSent } = this.#modify(key, now, (state) =>
        Bench.change(state, now, [key], (old) => (old.probe === probe.id ? denied(old, until, now) : old))
      )
      if (isSent) this.agree(key, entry)
    }
  }

  /** Makes a state change that the other replicas need not know. `isSent`: nothing of the key was left to send. */
  #modify(key: BenchKey, now: number, f: (state: Bench.State) => Bench.State) {
    const isSent = this.agreed.get(key)?.entry === this.entries.get(key)
    this.bench.modifyUnsafe((state) => [undefined, f(state)], now)
    return { isSent, entry: this.entries.get(key) }
  }

  #forgetEpochs(): void {
    for (const [key, { entry }] of this.agreed) this.agree(key, entry, {})
  }
}
