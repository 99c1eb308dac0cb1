import ControlProtocol
import Hummingbird
import ProgressModel

extension ControlServer {
  @Sendable func command(_ name: ControlCommand.Name, _ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    return try Response(json: await port.perform(try await command(name, of: request), for: context.caller))
  }

  private func command(_ name: ControlCommand.Name, of request: Request) async throws -> ControlCommand {
    switch name {
    case .flush:
      _ = try await request.fields(ControlCommand.Fields.self, allowing: [])
      return .flush
    case .retry: return .retry(try await choice(of: request, for: name))
    case .discard: return .discard(try await choice(of: request, for: name))
    case .pause: return .pause(for: try duration(try await request.fields(ControlCommand.Fields.self, allowing: ["for"])))
    case .resume:
      _ = try await request.fields(ControlCommand.Fields.self, allowing: [])
      return .resume
    case .logLevel:
      let fields = try await request.fields(ControlCommand.Fields.self, allowing: ["level", "for"])
      guard let level = fields.level else { throw ControlRefusal(.badRequest, "the body: level is missing, as in {\"level\": \"debug\"}") }
      return .logLevel(level, for: try duration(fields))
    case .reload:
      _ = try await request.fields(ControlCommand.Fields.self, allowing: [])
      return .reload
    }
  }

  private func choice(of request: Request, for name: ControlCommand.Name) async throws -> EntryChoice {
    let choice = try await request.fields(EntryChoice.self, allowing: ["ids", "keys", "all_failed", "all"])
    guard !choice.isEmpty else {
      throw ControlRefusal(.badRequest, "the body names nothing to \(name.rawValue): give ids, keys, all_failed or all")
    }
    return choice
  }

  /// Longer than anybody means; what it ends at is still a date that can be written.
  private static let longestDuration = Duration.seconds(87_600 * 3_600)

  private func duration(_ fields: ControlCommand.Fields) throws(ControlRefusal) -> String? {
    guard let text = fields.for else { return nil }
    guard let duration = Duration(spelled: text), duration > .zero else {
      throw ControlRefusal(.badRequest, "the body: for must be a duration such as 30s or 2h, is \(JSONValue.string(text).summary)")
    }
    guard duration <= Self.longestDuration else {
      throw ControlRefusal(.badRequest, "the body: for must be at most 87600h, is \(JSONValue.string(text).summary)")
    }
    return text
  }

  @Sendable func requeue(_ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    return try Response(json: await port.requeue(try await rejectedChoice(of: request), for: context.caller))
  }

  @Sendable func discardRejected(_ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    return try Response(json: await port.discard(try await rejectedChoice(of: request), for: context.caller))
  }

  private func rejectedChoice(of request: Request) async throws -> RejectedChoice {
    let choice = try await request.fields(RejectedChoice.self, allowing: ["names", "all"])
    guard choice.all || !choice.names.isEmpty else {
      throw ControlRefusal(.badRequest, "the body names no file: give names, or all")
    }
    return choice
  }
}
