import ControlProtocol
import Hummingbird
import NIOCore
import ProgressModel

extension ControlServer {
  /// A page after the other, each read when the one before has been taken: however long the queue and slow the reader, no more is held.
  @Sendable func queue(_ request: Request, _ context: ControlContext) async throws -> Response {
    let query = try Query(request, allowing: ["state", "key", "id"])
    let states = QueueItem.State.allCases.map(\.rawValue).joined(separator: ", ")
    let filter = QueueFilter(
      states: Set(try query.all("state", "one of \(states)") { QueueItem.State(rawValue: $0) }),
      keys: Set(query.all("key")), ids: Set(try query.all("id", "the number of an entry") { Int64($0) }))
    let (port, caller) = (port, context.caller)
    // What is wrong is found before the answer begins.
    let first = try await port.entries(matching: filter, for: caller, after: 0, atMost: Self.pageSize)
    return Response(lines: { writer in
      var page = first
      while let last = page.last {
        try await writer.write(ByteBuffer(lines: page))
        page = try await port.entries(matching: filter, for: caller, after: last.id, atMost: Self.pageSize)
      }
    })
  }

  /// The longest wait for an action; clients ask again.
  private static let longestWait = Duration.seconds(600)

  @Sendable func action(_ request: Request, _ context: ControlContext) async throws -> Response {
    let query = try Query(request, allowing: ["key", "until", "for"])
    let text = try context.component("id")
    guard let id = ActionID(text) else {
      throw ControlRefusal(.badRequest, "the id of an action \(ActionID.rule), is \(JSONValue.string(text).summary)")
    }
    let wishes: [ActionReport.State] = [.accepted, .synced]
    let wish = try query.one("until").map { text throws(ControlRefusal) in
      guard let wish = wishes.first(where: { $0.rawValue == text }) else {
        throw ControlRefusal(.badRequest, "until must be accepted or synced, is \(JSONValue.string(text).summary)")
      }
      return wish
    }
    let patience = try query.one("for").map { text throws(ControlRefusal) in
      guard let patience = Duration(spelled: text) else {
        throw ControlRefusal(.badRequest, "for must be a duration such as 500ms or 10s, is \(JSONValue.string(text).summary)")
      }
      return patience
    }
    let inquiry = ActionInquiry(id: id, keys: query.all("key"), wish: wish, patience: min(patience ?? Self.longestWait, Self.longestWait))
    return try Response(json: await unless(context.gone) { [port] in try await port.action(inquiry, for: context.caller) })
  }

  @Sendable func events(_ request: Request, _ context: ControlContext) async throws -> Response {
    let query = try Query(request, allowing: ["program", "key"])
    let filter = EventFilter(programs: Set(query.all("program")), keys: Set(query.all("key")))
    let mailbox = port.events(matching: filter, for: context.caller)
    context.gone.whenComplete { _ in mailbox.end() }
    return Response(lines: { writer in
      defer { mailbox.end() }
      while let events = await mailbox.next(within: Self.keepAlive) {
        try await writer.write(events.isEmpty ? ByteBuffer(string: "\n") : ByteBuffer(lines: events))
      }
    })
  }

  @Sendable func rejected(_ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    let files = try await port.rejectedFiles(for: context.caller)
    return Response(lines: { writer in
      if !files.isEmpty { try await writer.write(ByteBuffer(lines: files)) }
    })
  }

  @Sendable func rejectedFile(_ request: Request, _ context: ControlContext) async throws -> Response {
    _ = try Query(request, allowing: [])
    let name = try context.component("name")
    let bytes = try await port.rejectedFile(named: name, for: context.caller)
    return Response(
      status: .ok, headers: [.contentType: "application/octet-stream"], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}

/// Runs `body`, and cancels it when nobody waits for it any more; it is expected to return soon then.
private func unless<Value: Sendable>(_ gone: HTTPListener.Gone, _ body: @escaping @Sendable () async throws -> Value) async throws -> Value
{
  let (presence, absence) = AsyncStream<Never>.makeStream()
  gone.whenComplete { _ in absence.finish() }
  return try await withThrowingTaskGroup(of: Value?.self) { group in
    group.addTask { try await body() }
    group.addTask {
      for await _ in presence {}
      return nil
    }
    defer { group.cancelAll() }
    guard let value = try await group.next() ?? nil else { throw CancellationError() }
    return value
  }
}
