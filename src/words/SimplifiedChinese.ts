/**
 * Writes Traditional Chinese as Simplified Chinese, as far as sentences of errors need it. Relays answer in either
 * (https://github.com/QuantumNous/new-api, `i18n/locales/zh-TW.yaml`), so the patterns are kept in one of them.
 */

/** A Traditional character, and the Simplified one after it. */
const pairs =
  "無无 於于 權权 額额 飽饱 載载 負负 餘余 費费 請请 過过 頻频 號号 帳账 賬账 戶户 該该 當当 後后 試试 稱称 錯错 誤误 網网 務务 業业 處处 統统 滿满 達达 訪访 問问 時时 間间 盡尽 鑰钥 憑凭 證证 簽签 驗验 認认 錄录 註注 冊册 組组 總总 數数 輸输 內内 長长 違违 規规 審审 觸触 發发 風风 險险 區区 國国 鎖锁 結结 凍冻 關关 閉闭 維维 護护 異异 連连 線线 斷断 圖图 參参 應应 單单 價价 點点 範范 圍围 啟启 態态 絕绝 綁绑 銷销 級级 檢检 測测 攔拦 聯联 訂订 閱阅 續续 計计 較较 擁拥 擠挤 資资 夠够 運运 將将 會会 為为 與与 這这 進进 選选 現现 實实 條条 據据 庫库 獲获 響响 週周 鐘钟 詞词 訊讯 調调 協协 議议 許许 設设 備备 沒没 還还 開开 暫暂 員员 尋寻 碼码 機机 對对"

const simplified: ReadonlyMap<string, string> = new Map(
  pairs.split(" ").map((pair) => [pair.slice(0, 1), pair.slice(1)] as const)
)

/** Words that Taiwan writes with other characters, after the characters themselves are Simplified. */
const words: ReadonlyArray<readonly [string, string]> = [
  ["存取", "访问"],
  ["管道", "渠道"],
  ["使用者", "用户"],
  ["伺服器", "服务器"],
  ["权杖", "令牌"],
  ["金钥", "密钥"],
  ["逾时", "超时"],
  ["资讯", "信息"]
]

/**
 * The text in Simplified Chinese; a text without Chinese is returned as it is.
 *
 * @example
 * import { toSimplified } from "./SimplifiedChinese.ts"
 *
 * toSimplified("該令牌無權存取模型 gpt-test")
 * // => "该令牌无权访问模型 gpt-test"
 */
export const toSimplified = (text: string): string => {
  if (!/[\u4e00-\u9fff]/.test(text)) return text
  const folded = text.replace(/[\u4e00-\u9fff]/g, (one) => simplified.get(one) ?? one)
  return words.reduce((all, [from, to]) => all.replaceAll(from, to), folded)
}
