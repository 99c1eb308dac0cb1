import ProgressModel

/// One thing that is wrong with a request, in the words and the shape of FastAPI, whose clients exist.
struct RequestProblem: Hashable, Sendable {
  /// The kind, as Pydantic names it: <https://docs.pydantic.dev/latest/errors/validation_errors/>.
  let type: String
  /// Names and indexes from the outside in: `["body", 3, "week_number"]`.
  let place: [JSONValue]
  let message: String
  let input: JSONValue

  /// How many problems an answer lists; a body of 1 MiB has room for many thousand.
  static let listed = 50

  var json: JSONValue {
    .object(["type": .string(type), "loc": .array(place), "msg": .string(message), "input": quotedInput])
  }

  /// The input as it came, unless it is so long that an answer should rather describe it.
  private var quotedInput: JSONValue {
    switch input {
    case .null, .bool: input
    case .number, .string: input.summary == input.serialized ? input : .string(input.summary)
    case .array, .object: input.serialized.utf8.count <= 1_000 ? input : .string(input.summary)
    }
  }
}
