import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// A server on loopback, or on a socket in the file system, that does what a script says, byte for byte, and records what it receives.
package final class ScriptedServer: Sendable {
  /// What the server does once a whole request is there. Without any step it never answers.
  package enum Step: Sendable {
    case send(String)
    /// One byte every few milliseconds, without end.
    case drip
    case close
    /// A close that the other side sees as a reset.
    case reset
  }

  /// What clients have done so far.
  package struct Record: Sendable {
    /// Each request as it came, head and body.
    package internal(set) var requests: [String] = []
    /// When each connection came.
    package internal(set) var connectedAt: [ContinuousClock.Instant] = []
    package internal(set) var openConnections = 0
    package internal(set) var mostOpenConnections = 0

    package var connections: Int { connectedAt.count }
  }

  /// 0 on a socket in the file system.
  package let port: Int
  /// Yields each request as it arrives.
  package let arrivals: AsyncStream<String>
  private let log: Log

  private init(port: Int, arrivals: AsyncStream<String>, log: Log) {
    (self.port, self.arrivals, self.log) = (port, arrivals, log)
  }

  package var record: Record { log.record.withLock { $0 } }

  /// Runs `body` with a server that is gone afterwards.
  ///
  /// - Parameters:
  ///   - replies: What to do for the first request, the second, and so on; the last one goes for all that follow.
  ///   - greeting: What to do as soon as a client connects.
  ///   - path: Where its socket is to stand, instead of a port.
  package static func run(
    _ replies: [Step]..., greeting: [Step] = [], tls: NIOSSLContext? = nil, at path: String? = nil,
    body: (ScriptedServer) async throws -> Void
  ) async throws {
    let (arrivals, arrival) = AsyncStream.makeStream(of: String.self)
    let log = Log(replies: replies, greeting: greeting, arrival: arrival)
    let bootstrap = ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.addHandler(Connection(log))
        }
      }
    let listener = try await (path.map { bootstrap.bind(unixDomainSocketPath: $0) } ?? bootstrap.bind(host: "127.0.0.1", port: 0)).get()
    let outcome: Result<Void, any Error>
    do {
      outcome = .success(try await body(ScriptedServer(port: listener.localAddress?.port ?? 0, arrivals: arrivals, log: log)))
    } catch {
      outcome = .failure(error)
    }
    try await listener.close()
    try outcome.get()
  }
}

extension ScriptedServer.Step {
  /// A whole JSON answer.
  package static func answer(_ status: String = "200 OK", headers: String = "", body: String = #"{"success":true}"#) -> Self {
    .send("HTTP/1.1 \(status)\r\nContent-Type: application/json\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
  }
}

/// What all connections of a server share.
private final class Log: Sendable {
  let record = Mutex(ScriptedServer.Record())
  let greeting: [ScriptedServer.Step]
  private let replies: [[ScriptedServer.Step]]
  private let arrival: AsyncStream<String>.Continuation

  init(replies: [[ScriptedServer.Step]], greeting: [ScriptedServer.Step], arrival: AsyncStream<String>.Continuation) {
    (self.replies, self.greeting, self.arrival) = (replies, greeting, arrival)
  }

  /// Records the request and tells what to do about it.
  func receive(_ request: String) -> [ScriptedServer.Step] {
    let index = record.withLock { record in
      record.requests.append(request)
      return record.requests.count - 1
    }
    arrival.yield(request)
    return replies[min(index, replies.count - 1)]
  }
}

private final class Connection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let log: Log
  private var received: [UInt8] = []
  private var isOpen = false

  init(_ log: Log) { self.log = log }

  func channelActive(context: ChannelHandlerContext) {
    isOpen = true
    log.record.withLock { record in
      record.connectedAt.append(.now)
      record.openConnections += 1
      record.mostOpenConnections = max(record.mostOpenConnections, record.openConnections)
    }
    for step in log.greeting { perform(step, in: context) }
  }

  func channelInactive(context: ChannelHandlerContext) {
    isOpen = false
    log.record.withLock { $0.openConnections -= 1 }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytesView
    while let end = received.endOfRequest {
      let request = String(decoding: received[..<end], as: UTF8.self)
      received.removeFirst(end)
      for step in log.receive(request) { perform(step, in: context) }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private func perform(_ step: ScriptedServer.Step, in context: ChannelHandlerContext) {
    switch step {
    case .send(let text):
      context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    case .drip:
      drip(in: context)
    case .close:
      context.close(promise: nil)
    case .reset:
      let lingering = linger(l_onoff: 1, l_linger: 0)
      _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(lingering)
      context.close(promise: nil)
    }
  }

  private func drip(in context: ChannelHandlerContext) {
    guard isOpen else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: " ")), promise: nil)
    context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) { self.drip(in: context) }
  }
}

extension [UInt8] {
  /// Where the first request ends, once its body is there in full.
  fileprivate var endOfRequest: Int? {
    let blankLine = Array("\r\n\r\n".utf8)
    guard let head = indices.first(where: { self[$0...].starts(with: blankLine) }) else { return nil }
    let lines = String(decoding: self[..<head], as: UTF8.self).lowercased().split(separator: "\r\n")
    let length = lines.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst("content-length: ".count)) } ?? 0
    let end = head + blankLine.count + length
    return end <= count ? end : nil
  }
}
