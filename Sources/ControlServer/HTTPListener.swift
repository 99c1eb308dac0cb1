import ControlProtocol
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Lets connections in, within limits, and answers their requests until it is told to stop.
///
/// Hummingbird does the HTTP of each connection; its server, though, cannot listen on a socket that is there already, nor knows who has
/// connected. All sockets of a listener share one event loop, so that their clients can keep no other busy.
struct HTTPListener: Sendable {
  /// Answers one request, whatever it is.
  typealias Responder = @Sendable (Request, Caller, Gone) async throws -> Response
  /// Completes when the client has gone, or the daemon ends: whoever only waits, or writes without an end, stops then.
  typealias Gone = EventLoopFuture<Void>

  var limits = ConnectionLimits()
  var door = Door()
  let logger: Logger
  /// Who has connected.
  let identify: @Sendable (any Channel) -> EventLoopFuture<Caller>
  let respond: Responder

  /// Serves on the socket that `open` makes, until a graceful shutdown, or a cancellation; throws what `open` throws.
  ///
  /// It ends by closing its sockets and never by cancelling: a connection's task always runs to its end, which then comes by itself.
  func run(open: @Sendable (ServerBootstrap) async throws -> any Channel) async throws {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let house = House(loop, limits: limits)
    let (arrivals, entrance) = AsyncStream<Arrival>.makeStream()
    // Nothing is read before a task is there to answer; a bare channel can be dropped, a wrapped one cannot.
    let bootstrap = ServerBootstrap(group: loop, childGroup: loop)
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        door.enter(channel)
        return identify(channel).map { caller in
          let arrival = Arrival(channel: channel, caller: caller, gone: channel.eventLoop.makePromise())
          if let refusal = house.admit(arrival) {
            channel.turnAway(refusal)
          } else if case .terminated = entrance.yield(arrival) {
            channel.close(promise: nil)
            house.leave(arrival)
          }
        }
      }
    let socket = try await open(bootstrap)
    socket.closeFuture.whenComplete { _ in entrance.finish() }
    door.open(socket)
    await withTaskCancellationOrGracefulShutdownHandler {
      await withDiscardingTaskGroup { group in
        for await arrival in arrivals {
          group.addTask {
            await serve(arrival, of: house)
            house.leave(arrival)
          }
        }
      }
    } onCancelOrGracefulShutdown: {
      socket.close(promise: nil)
      house.clear(within: limits.stopPatience)
    }
  }

  private func serve(_ arrival: Arrival, of house: House) async {
    let (channel, caller) = (arrival.channel, arrival.caller)
    let http = HTTP1Channel(
      responder: { @concurrent request, writer, channel in
        let isLast = house.isLast(arrival)
        let response = try await respond(request, caller, arrival.gone.futureResult)
        do {
          try await writer.write(response: response.head, body: response.body)
        } catch is HTTPParserError {
          // Thrown on, it would be answered a second time.
          throw ChannelError.inputClosed
        }
        // What the client is still sending is not waited for.
        if isLast || response.headers[.connection] == "close" { throw ChannelError.inputClosed }
      },
      configuration: .init(
        idleTimeout: TimeAmount(limits.idleTimeout),
        httpDecoderConfiguration: .init(maxHeaderFieldSize: 8 * 1024, maxHeaderListSize: 16 * 1024, maxHeaderFieldCount: 100)))
    do {
      let connection = try await channel.eventLoop.flatSubmit { http.setup(channel: channel, logger: quiet) }.get()
      channel.setOption(.autoRead, value: true).whenComplete { _ in channel.read() }
      await http.handle(value: connection, logger: quiet)
    } catch {
      // It was closed before its first request.
      channel.close(promise: nil)
    }
  }

  /// The libraries' own news are nobody's.
  private var quiet: Logger { Logger(label: "control") { _ in SwiftLogNoOpLogHandler() } }
}

/// A connection.
private struct Arrival: Sendable {
  let channel: any Channel
  let caller: Caller
  let gone: EventLoopPromise<Void>
}

/// The connections that are open, or whose last request is still worked at.
private final class House: Sendable {
  private struct State {
    var count: ConnectionCount
    var arrivals: [ObjectIdentifier: Arrival] = [:]
    /// Those that have asked something.
    var acquainted: Set<ObjectIdentifier> = []
    var isClosing = false
  }

  private let loop: any EventLoop
  private let state: Mutex<State>

  init(_ loop: any EventLoop, limits: ConnectionLimits) {
    self.loop = loop
    state = Mutex(State(count: ConnectionCount(limits: limits)))
  }

  /// Counts a connection until it leaves; returns why it may not be, if so.
  func admit(_ arrival: Arrival) -> ControlRefusal? {
    let number = ObjectIdentifier(arrival.channel)
    let refusal = state.withLock { state in
      if state.isClosing { return ControlRefusal(.ending, "the daemon is ending") as ControlRefusal? }
      if let refusal = state.count.admit(arrival.caller) { return ControlRefusal(.unavailable, refusal) }
      state.arrivals[number] = arrival
      return nil
    }
    arrival.channel.closeFuture.whenComplete { _ in
      arrival.gone.succeed()
    }
    return refusal
  }

  /// Notes that a connection asks something; returns whether it has to be closed after that.
  func isLast(_ arrival: Arrival) -> Bool {
    state.withLock { state in
      state.acquainted.insert(ObjectIdentifier(arrival.channel))
      return state.isClosing
    }
  }

  /// Gives a place back. Not before the answer to the last request: who asks and goes away, again and again, must not have any number of
  /// requests worked at.
  func leave(_ arrival: Arrival) {
    state.withLock { state in
      state.acquainted.remove(ObjectIdentifier(arrival.channel))
      guard state.arrivals.removeValue(forKey: ObjectIdentifier(arrival.channel)) != nil else { return }
      state.count.leave(arrival.caller)
    }
  }

  /// Closes idle connections at once, others when their request is answered, but all of them within `patience`.
  ///
  /// One that has asked nothing yet is not idle: its first request may be on its way, and is answered.
  func clear(within patience: Duration) {
    let (arrivals, acquainted) = state.withLock { state in
      state.isClosing = true
      return (state.arrivals, state.acquainted)
    }
    for (number, arrival) in arrivals {
      arrival.gone.succeed()
      guard acquainted.contains(number) else { continue }
      arrival.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
    loop.scheduleTask(in: TimeAmount(patience)) {
      for arrival in self.state.withLock({ Array($0.arrivals.values) }) { arrival.channel.close(promise: nil) }
    }
  }
}

extension Channel {
  /// Answers that there is no room, without having read anything, and closes.
  fileprivate func turnAway(_ refusal: ControlRefusal) {
    let body = (try? ControlCoding.text(of: refusal)).map { $0 + "\n" } ?? ""
    let head =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\nconnection: close\r\n\r\n"
    writeAndFlush(ByteBuffer(string: head + body)).whenComplete { _ in self.close(promise: nil) }
  }
}
