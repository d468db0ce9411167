/** A failure of something that the request refers to, or makes the provider fetch, benches neither model nor key: otherwise one caller could bench them for all. */
import { assert, describe, it } from "@effect/vitest"
import { classify } from "../../src/classifier/Classifier.ts"
import * as Failure from "../../src/failure/Failure.ts"

const said = (status: number, message: string) =>
  Failure.classOf(classify({ status, headers: {}, body: JSON.stringify({ error: { message } }) }))

describe("an error about something that a request names", () => {
  const errors: ReadonlyArray<readonly [status: number, message: string]> = [
    [404, "File not found: file_abc"],
    [404, "Container not found"],
    [400, "Container is expired."],
    [404, "No assistant found with id 'asst_abc'."],
    [404, "Voice not found"],
    [404, "Skill does not exist"],
    [401, "You do not have access to file file-123"],
    [
      403,
      "x@y.iam.gserviceaccount.com does not have storage.objects.get access to the Google Cloud Storage object."
    ],
    [401, "Error retrieving tool list from MCP server: 'docs'. Http status code: 401 (Unauthorized)"],
    [424, "Error retrieving tool list from MCP server: 'docs'. Http status code: 424 (Failed Dependency)"],
    [400, "Failed to fetch image: 401 Unauthorized: invalid api key"],
    [500, "Unable to download the file: connection refused"]
  ]
  for (const [status, message] of errors) {
    it(`benches nothing: ${status}, ${message}`, () => {
      assert.strictEqual(said(status, message), "Unsupported")
    })
  }

  it("is not a missing model if it is a function of its tools", () => {
    for (const message of [
      "tool function not found: get_weather",
      "tool_choice function get_weather does not exist",
      "Function name lookup was not found in tools"
    ])
      assert.strictEqual(said(400, message), "Invalid", message)
    const nvidia = "Function '9b96341b-9791-4db9-a00d-4e43aa192a39': Not found for account 'x'"
    assert.strictEqual(said(404, nvidia), "ModelMissing")
  })

  it("is distinguished from a model or a key that is missing", () => {
    assert.strictEqual(said(404, "model file not found"), "ModelMissing")
    assert.strictEqual(
      said(404, "The model `m` does not exist or you do not have access to it."),
      "ModelMissing"
    )
    assert.strictEqual(said(401, "Incorrect API key provided"), "InvalidKey")
  })

  const others: ReadonlyArray<readonly [status: number, message: string, as: Failure.FailureClass]> = [
    [500, "Container not found", "ServerError"],
    [503, "Inference container has expired, restarting", "Overloaded"],
    [500, "Credentials file not found", "InvalidKey"],
    [401, "Credentials file not found", "InvalidKey"],
    [500, "model runner failed to load: weights file does not exist", "ModelMissing"],
    [500, "Failed to load the file weights.bin", "ServerError"],
    [429, "Too many requests: batch does not exist any more", "RateLimit"]
  ]
  for (const [status, message, as] of others) {
    it(`is distinguished from what a server lacks itself: ${status}, ${message}`, () => {
      assert.strictEqual(said(status, message), as)
    })
  }
})
