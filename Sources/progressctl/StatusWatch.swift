import ControlClient
import ControlProtocol
import Glibc
import ProgressModel
import SyncDaemon
import SystemPackage

/// Shows the status until a signal ends it: a live screen on a terminal that has one, and what has changed anywhere else.
///
/// A daemon that goes away is no end: what can be known without it is shown until it is back.
struct StatusWatch {
  let service: Service
  let client: ControlClient
  let style: TextStyle
  let json: Bool

  /// Ages are told in seconds.
  private static let period = Duration.seconds(1)
  /// The least time between frames, however much happens.
  private static let shortestFrame = Duration.milliseconds(100)

  private struct Farewell: Error {
    let signal: CInt
  }

  /// Returns only by throwing; a signal ends the program.
  func run() async throws {
    guard !json, Terminal.isDrawable(STDOUT_FILENO) else { return try await follow { try await tellChanges(at: $0) } }
    // From here on no signal leaves a screen behind that is not the terminal's own.
    let signals = await Signals.trap([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT])
    let screen = LiveScreen()
    do {
      try await screen.takeOver()
      try await follow { try await draw(on: screen, at: $0, until: signals) }
      await screen.giveBack()
    } catch {
      await screen.giveBack()
      if let farewell = error as? Farewell { Signals.die(of: farewell.signal) }
      throw error
    }
  }

  /// Rings each second and at each event, for `show` to look anew.
  private func follow(_ show: @escaping @Sendable (AsyncStream<Void>) async throws -> Void) async throws {
    let (rings, bell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await Self.tick(bell) }
      group.addTask { try await listen(bell) }
      group.addTask { try await show(rings) }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private static func tick(_ bell: AsyncStream<Void>.Continuation) async throws {
    while true {
      bell.yield()
      try await Task.sleep(for: period)
    }
  }

  private func listen(_ bell: AsyncStream<Void>.Continuation) async throws {
    while true {
      do {
        for try await _ in try await client.socket.events() { bell.yield() }
      } catch is ControlError {
        // A daemon that is away, or knows no events: the ticks go on.
      }
      try await Task.sleep(for: Self.period)
    }
  }

  /// Draws until a signal asks to end.
  private func draw(on screen: LiveScreen, at rings: AsyncStream<Void>, until signals: AsyncStream<CInt>) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for await signal in signals {
          switch signal {
          case SIGTSTP: await screen.stop()
          case SIGCONT: try await screen.takeOver()
          default: throw Farewell(signal: signal)
          }
        }
      }
      group.addTask {
        for await _ in rings {
          try await screen.show(text())
          try await Task.sleep(for: Self.shortestFrame)
        }
      }
      defer { group.cancelAll() }
      try await group.next()
    }
  }

  private func text() async throws -> String {
    do {
      let (report, source) = try await client.status()
      return StatusScreen(report: report, source: source, service: service.name, now: .now, style: style).text
    } catch let error as ControlError {
      return style.paint(Failure(error, of: service).text, .red) + "\n"
    }
  }

  private func tellChanges(at rings: AsyncStream<Void>) async throws {
    var last: Result<StatusReport, ControlError>?
    for await _ in rings {
      let (status, source) = try await look()
      if status.map(\.lasting) != last {
        try tell(status, source, isFirst: last == nil)
        last = status.map(\.lasting)
      }
      try await Task.sleep(for: Self.shortestFrame)
    }
  }

  private func look() async throws -> (Result<StatusReport, ControlError>, ControlClient.Source) {
    do {
      let (report, source) = try await client.status()
      return (.success(report), source)
    } catch let error as ControlError {
      return (.failure(error), .daemon)
    }
  }

  private func tell(_ status: Result<StatusReport, ControlError>, _ source: ControlClient.Source, isFirst: Bool) throws {
    switch status {
    case .success(let report) where json: try StandardOutput.write(ControlCoding.text(of: report) + "\n")
    case .success(let report):
      let screen = StatusScreen(report: report, source: source, service: service.name, now: .now, style: style)
      try StandardOutput.write((isFirst ? "" : "\n") + screen.text)
    case .failure(let error): StandardError.say(Failure(error, of: service).text)
    }
  }
}

extension StatusReport {
  /// What tells one state from another: not what flows while nothing changes.
  fileprivate var lasting: StatusReport {
    var report = self
    (report.lastMinute, report.lastHour) = (nil, nil)
    report.disk?.free = 0
    return report
  }
}
