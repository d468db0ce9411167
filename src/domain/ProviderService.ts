/** Providers as service classes with a `model` constructor. */
import * as Context from "effect/Context"
import type { Backend } from "./Backend.ts"
import * as Model from "./Model.ts"

/** A service class with a `model` constructor. */
export interface ProviderClass<in out Self, in out Name extends string, in out P extends Backend>
  extends Context.ServiceClass<Self, `effect-failover/provider/${Name}`, P> {
  /** The provider's name: the first part of its model specs. */
  readonly provider: Name
  /** One of its models. A chain with this model requires the service. */
  readonly model: (model: string, options?: Model.ModelOptions) => Model.Model<P, Self>
}

/**
 * Declares a provider as a service. Using one of its models without its layer does not compile.
 *
 * @example
 * import { Chain, Backend, ProviderService } from "effect-failover"
 * import { Layer } from "effect"
 *
 * class Weather extends ProviderService.Service<Weather, ReturnType<typeof makeWeather>>()("weather") {
 *   static readonly layer = Layer.sync(Weather, () => makeWeather())
 * }
 * const makeWeather = () => Backend.make("weather", { today: () => "rain" })
 *
 * const chain = Chain.make(Weather.model("precise"), Weather.model("rough")) // Chain<..., Weather>
 */
export const Service =
  <Self, P extends Backend>() =>
  <const Name extends string>(name: Name): ProviderClass<Self, Name, P> => {
    const key = Context.Service<Self, P>()(`effect-failover/provider/${name}`)
    return Object.assign(key, {
      provider: name,
      model: (model: string, options?: Model.ModelOptions) =>
        Model.fromService<Self, P>(key, name, model, options)
    })
  }
