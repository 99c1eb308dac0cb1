import ArgumentParser
import FoundationEssentials
import ProgressModel

/// A verb that drops one action.
protocol DropCommand: AsyncParsableCommand {
  static var action: ActionName { get }
  var session: SessionArguments { get }
  var options: DropOptions { get }

  /// The fields of the action file that the verb has beside the common ones.
  func fields() throws -> [String: JSONValue]
}

extension DropCommand {
  func run() async throws {
    let service = try options.service.runningService(environment: ProcessInfo.processInfo.environment)
    let action = try action(freshID: UUID().uuidString.lowercased())
    try await options.drop(action, into: service)
  }

  /// The action, checked by the very rules that the daemon checks action files by.
  func action(freshID: String) throws -> Action {
    var json = try fields()
    json["action"] = .string(Self.action.rawValue)
    json["program_id"] = .string(session.program)
    json["week_number"] = Self.number(session.week)
    json["day_number"] = Self.number(session.day)
    json["id"] = .string(options.id ?? freshID)
    json["recorded_at"] = options.recordedAt.map { .string($0) }
    return try ActionFile.parse(Array(JSONValue.object(json).serialized.utf8))[0]
  }

  /// What is no number goes as the text that it is, for the rules to name it.
  private static func number(_ text: String) -> JSONValue {
    Int(text).map { .integer($0) } ?? .string(text)
  }
}

/// The session that an action is about. Texts, since the rules of action files are those that check them.
struct SessionArguments: ParsableArguments {
  @Argument(help: "The program's id.")
  var program: String

  @Argument(help: "The week of the program, from 1.")
  var week: String

  @Argument(help: "The session's day in the week, from 1.")
  var day: String
}
