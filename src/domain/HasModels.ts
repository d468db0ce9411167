/** The method `model` of providers and other backends. */
import type { Backend } from "./BackendShape.ts"
import * as Model from "./Model.ts"

/** Something with models. */
export interface HasModels {
  /** One of its models, to build a chain from. Throws `InvalidOptions` for an empty name. */
  model<P extends Backend>(this: P, name: string, options?: Model.ModelOptions): Model.Model<P>
}

/** The implementation, to be spread into a backend. */
export const models: HasModels = {
  model(name, options) {
    return Model.make(this, name, options)
  }
}
