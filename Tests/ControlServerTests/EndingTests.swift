import ControlProtocol
import ControlServer
import Glibc
import Synchronization
import TestSupport
import Testing

@Suite("Many clients, and the end", .timeLimit(.minutes(5)))
struct EndingTests {
  @Test("A hundred connections: the last ones are told that there is no room, and the others are served")
  func hundred() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    try await serving(SamplePort(), on: socket) {
      var clients: [RawClient] = []
      for _ in 1...64 { clients.append(try RawClient(path)) }
      for client in clients { client.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n") }
      for client in clients {
        let answer = try await client.read(until: "}\n")
        #expect(answer.hasPrefix("HTTP/1.1 200"))
      }
      for _ in 65...100 {
        let late = try RawClient(path)
        let answer = try await late.read(until: "}\n")
        #expect(answer.contains("64 connections are open"))
      }
      clients.removeLast(10)
      try await eventually {
        let client = try RawClient(path)
        client.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        return try await client.read(until: "}\n").hasPrefix("HTTP/1.1 200")
      }
    }
  }

  @Test("The end comes though clients neither read, nor finish what they ask, nor go")
  func stuckClients() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let port = SamplePort(entryCount: 1_000_000)
    let clients = Stuck()
    // Without an end this does not return: nobody lets go of a connection before.
    try await serving(port, on: socket, stopPatience: .milliseconds(200)) {
      let requests = [
        "", "GET ", "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", "GET /v1/queue HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /v1/retry HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "GET /v1/actions/never?until=synced HTTP/1.1\r\nHost: x\r\n\r\n",
      ]
      for number in 0..<48 {
        let client = try RawClient(path)
        client.send(requests[number % requests.count])
        clients.keep(client)
      }
      try await eventually { port.mailboxes.withLock { $0.count } == 8 }
    }
    #expect(clients.count == 48)
    #expect(port.mailboxes.withLock { $0.allSatisfy(\.hasEnded) })
  }

  @Test("Whoever has connected before the end and asks only then is answered, and then the connection closes")
  func lateQuestions() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let clients = try (1...10).map { _ in try RawClient(path) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      // The patience is not what ends it.
      group.addTask {
        try await serving(SamplePort(), on: socket) {
          // Connections are let in in their order, so all of the others are by now.
          let last = try RawClient(path)
          last.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
          let answer = try await last.read(until: "}\n")
          #expect(answer.hasPrefix("HTTP/1.1 200"))
        }
      }
      let idle = try RawClient(path)
      idle.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
      // Its connection is closed by the end, which has come then.
      _ = try await idle.read(until: "never")
      for client in clients {
        client.send("GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try await client.read(until: "never")
        #expect(answer.hasPrefix("HTTP/1.1 200"))
      }
      try await group.waitForAll()
    }
  }

  @Test("Watchers that read are sent home with the end of their stream")
  func watchers() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let client = try RawClient(path)
    // The patience is not what ends it.
    try await serving(SamplePort(), on: socket) {
      client.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
      let answer = try await client.read(until: "complete-p1-1-3")
      #expect(answer.contains("application/x-ndjson"))
    }
    let answer = try await client.read(until: "never")
    #expect(answer.hasSuffix("0\r\n\r\n"))
  }

  @Test("A watcher that goes away is forgotten at once")
  func leaving() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let port = SamplePort()
    try await serving(port, on: socket) {
      do {
        let client = try RawClient(path)
        client.send("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try await client.read(until: "complete-p1-1-3")
        #expect(answer.contains("accepted"))
      }
      try await eventually { port.mailboxes.withLock { $0.allSatisfy(\.hasEnded) } }
    }
  }

  @Test("While servers follow each other on a socket nobody is turned away: who comes in between waits, and is answered")
  func succession() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    let askers = Askers(4)
    try await withThrowingTaskGroup(of: Int.self) { clients in
      for _ in 1...4 {
        clients.addTask {
          defer { askers.busy.withLock { $0 -= 1 } }
          var served = 0
          while !askers.isOver.withLock({ $0 }) {
            let client = try RawClient(path)
            client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try await client.read(until: "up 1\n")
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            served += 1
          }
          return served
        }
      }
      for _ in 1...20 {
        try await serving(SamplePort(), on: socket, withDoorkeeper: true) { try await Task.sleep(for: .milliseconds(50)) }
      }
      askers.isOver.withLock { $0 = true }
      try await serving(SamplePort(), on: socket) { try await eventually { askers.busy.withLock { $0 == 0 } } }
      for try await served in clients { #expect(served > 0) }
    }
  }

  @Test("A socket serves again after its server has ended")
  func again() async throws {
    let directory = try TemporaryDirectory.ofAll()
    let path = directory.socket
    let socket = try DaemonSocket.make(at: path, group: nil)
    for _ in 1...3 {
      try await serving(SamplePort(), on: socket) {
        let client = try RawClient(path)
        client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try await client.read(until: "up 1\n")
        #expect(answer.hasPrefix("HTTP/1.1 200"))
      }
    }
  }
}

/// Clients that stay connected while a server ends.
private final class Stuck: Sendable {
  private let clients = Mutex<[RawClient]>([])

  var count: Int { clients.withLock { $0.count } }

  func keep(_ client: RawClient) { clients.withLock { $0.append(client) } }
}

/// Clients that ask until they are told that it is enough.
private final class Askers: Sendable {
  let isOver = Mutex(false)
  let busy: Mutex<Int>

  init(_ count: Int) { busy = Mutex(count) }
}
