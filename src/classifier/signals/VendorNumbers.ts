/**
 * Error numbers of vendors. The same number has different meanings at different vendors, so it is read only if the
 * shape of the body, or the provider's name, shows the vendor.
 */
import type { SignalClass } from "../sentences/Row.ts"

/** A vendor with its own reading: one with known numbers, DashScope, or Google. */
export type Vendor =
  | "dashscope"
  | "google"
  | "zhipu"
  | "minimax"
  | "siliconflow"
  | "cloudflare"
  | "mistral"
  | "baidu"
  | "spark"

type Table = { readonly [number: number]: SignalClass }

/** Source: https://docs.bigmodel.cn/cn/api/api-code and https://docs.z.ai/api-reference/api-code */
const zhipu: Table = {
  1000: "InvalidKey",
  1001: "InvalidKey",
  1002: "InvalidKey",
  1003: "InvalidKey",
  1004: "InvalidKey",
  1110: "Forbidden",
  1111: "InvalidKey",
  1112: "Forbidden",
  1113: "Balance",
  1120: "ServerError",
  1121: "Forbidden",
  1211: "ModelMissing",
  1212: "Unsupported",
  1220: "Forbidden",
  1221: "ModelMissing",
  1222: "ModelMissing",
  1230: "ServerError",
  1234: "ServerError",
  1261: "ContextExceeded",
  1300: "ContentPolicy",
  1301: "ContentPolicy",
  1302: "RateLimit",
  1303: "RateLimit",
  1304: "RateLimit",
  1305: "Overloaded",
  1308: "UsageWindow",
  1309: "Balance",
  1310: "Allowance",
  1311: "ModelMissing",
  1312: "Overloaded",
  1313: "RateLimit"
}

/** Source: https://platform.minimax.io/docs/api-reference/errorcode */
const minimax: Table = {
  1000: "ServerError",
  1001: "ServerError",
  1002: "RateLimit",
  1004: "InvalidKey",
  1008: "Balance",
  1013: "ServerError",
  1024: "ServerError",
  1026: "ContentPolicy",
  1027: "ContentPolicy",
  1033: "ServerError",
  1039: "RateLimit",
  1041: "RateLimit",
  1042: "Invalid",
  2045: "RateLimit",
  2049: "InvalidKey",
  2056: "UsageWindow",
  2061: "ModelMissing"
}

/** Source: https://docs.siliconflow.cn/en/faqs/error-code and bodies seen, as in https://github.com/CherryHQ/cherry-studio/issues/4541 */
const siliconflow: Table = {
  20012: "ModelMissing",
  20026: "ServerError",
  30001: "Balance",
  30003: "ModelMissing",
  30011: "Balance",
  30014: "InvalidKey",
  50501: "Overloaded",
  50502: "Overloaded",
  50503: "Overloaded",
  50504: "Overloaded",
  50505: "Overloaded",
  50506: "Overloaded",
  50507: "ServerError",
  50508: "Overloaded",
  50602: "RateLimit",
  50603: "Overloaded",
  50604: "RateLimit"
}

/**
 * Source: https://developers.cloudflare.com/workers-ai/platform/errors/, https://developers.cloudflare.com/ai-gateway/
 * and, for 5028, https://github.com/cloudflare/cloudflare-docs/issues/32501
 */
const cloudflare: Table = {
  2016: "ContentPolicy",
  2017: "ContentPolicy",
  3006: "TooLarge",
  3007: "ServerError",
  3008: "ServerError",
  3023: "Forbidden",
  3036: "RateLimit",
  3040: "Overloaded",
  3041: "ModelMissing",
  3042: "ModelMissing",
  4006: "RateLimit",
  5005: "Unsupported",
  5007: "ModelMissing",
  5016: "ModelMissing",
  5018: "ModelMissing",
  5028: "ModelMissing",
  5035: "ModelMissing",
  9109: "InvalidKey",
  10000: "InvalidKey"
}

/**
 * Source: bodies published with `raw_status_code`, as in https://github.com/raycast/extensions/issues/31107;
 * https://docs.mistral.ai/resources/error-glossary has no numbers
 */
const mistral: Table = {
  1300: "RateLimit",
  1500: "ModelMissing",
  1501: "ModelMissing",
  3051: "ContextExceeded",
  3505: "Overloaded",
  3800: "Overloaded",
  3810: "Overloaded"
}

/**
 * Source: https://ai.baidu.com/ai-doc/WENXINWORKSHOP/tlmyncueh,
 * https://github.com/baidubce/bce-qianfan-sdk/blob/main/python/qianfan/consts.py and, for 336006,
 * https://github.com/songquanpeng/one-api/issues/625
 */
const baidu: Table = {
  1: "ServerError",
  2: "Overloaded",
  3: "ModelMissing",
  4: "Overloaded",
  6: "Forbidden",
  13: "InvalidKey",
  14: "InvalidKey",
  15: "ServerError",
  17: "RateLimit",
  18: "RateLimit",
  19: "Balance",
  100: "InvalidKey",
  110: "InvalidKey",
  111: "InvalidKey",
  336000: "ServerError",
  336001: "Invalid",
  336002: "Invalid",
  336003: "Invalid",
  336006: "Invalid",
  336007: "ContextExceeded",
  336100: "Overloaded",
  336103: "ContextExceeded",
  336501: "RateLimit",
  336502: "RateLimit",
  336503: "RateLimit",
  336505: "RateLimit"
}

/** Source: https://www.xfyun.cn/doc/spark/%E6%8E%A5%E5%8F%A3%E8%AF%B4%E6%98%8E.html (error codes) */
const spark: Table = {
  10000: "ServerError",
  10001: "ServerError",
  10002: "ServerError",
  10003: "Invalid",
  10004: "Invalid",
  10005: "Invalid",
  10006: "RateLimit",
  10007: "RateLimit",
  10008: "Overloaded",
  10009: "ServerError",
  10010: "ServerError",
  10011: "ServerError",
  10012: "ServerError",
  10013: "ContentPolicy",
  10014: "ContentPolicy",
  10015: "Forbidden",
  // A function, a version, tokens or parallel requests that the application has no right to.
  10016: "Forbidden",
  10019: "ContentPolicy",
  10021: "ContentPolicy",
  10110: "Overloaded",
  10163: "Invalid",
  10222: "ServerError",
  10907: "ContextExceeded",
  11200: "Balance",
  11201: "RateLimit",
  11202: "RateLimit",
  11203: "RateLimit",
  11500: "InvalidKey"
}

const tables: { readonly [K in Vendor]: Table } = {
  dashscope: {},
  google: {},
  zhipu,
  minimax,
  siliconflow,
  cloudflare,
  mistral,
  baidu,
  spark
}

/** Names of configured providers, and the vendors of their numbers. */
const names: ReadonlyArray<readonly [RegExp, Vendor]> = [
  [/dashscope|bailian|aliyun|alibaba|model-?studio/i, "dashscope"],
  [/google|gemini|vertex/i, "google"],
  [/zhipu|bigmodel|\bz\.?ai\b|\bglm\b/i, "zhipu"],
  [/minimax/i, "minimax"],
  [/siliconflow|siliconcloud/i, "siliconflow"],
  [/cloudflare|workers-?ai/i, "cloudflare"],
  [/mistral/i, "mistral"],
  [/baidu|qianfan|ernie|wenxin/i, "baidu"],
  [/spark|xunfei|iflytek|xfyun/i, "spark"]
]

/** The vendor of the numbers that a provider of this name sends. */
export const vendorOfProvider = (provider: string | undefined): Vendor | undefined =>
  provider === undefined ? undefined : names.find(([name]) => name.test(provider.slice(0, 64)))?.[1]

/** The class of a vendor's number. */
export const fromVendorNumber = (vendor: Vendor, number: number): SignalClass | undefined =>
  Object.hasOwn(tables[vendor], number) ? tables[vendor][number] : undefined
