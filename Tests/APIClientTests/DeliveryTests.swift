import ProgressModel
import SyncPolicy
import TestSupport
import Testing

@testable import APIClient

@Suite("Delivering a call")
struct DeliveryTests {
  @Test(
    "An answer in full is judged by what it says",
    arguments: [
      (.answer(), .delivered),
      (.answer("204 No Content", body: ""), .delivered),
      (.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), .delivered),
      (.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), .delivered),
      (.answer("404 Not Found", body: #"{"detail":"No progress log found for this session"}"#), .delivered),
      (.answer("404 Not Found", body: #"{"detail":"Program not found"}"#), .rejected(status: 404, reason: "Program not found")),
      (.answer("401 Unauthorized", body: #"{"detail":"expired"}"#), .unauthorized(status: 401, reason: "expired")),
      (
        .answer("503 Service Unavailable", headers: "Retry-After: 7\r\n", body: "busy"),
        .throttled(status: 503, reason: "503", retryAfter: .seconds(7))
      ),
      (
        .answer("429 Too Many Requests", headers: "Retry-After: Wed, 28 Jan 2026 15:31:00 GMT\r\n", body: ""),
        .throttled(status: 429, reason: "429", retryAfter: .seconds(60))
      ),
      (.answer("418 I'm a teapot", body: ""), .deferred(status: 418, reason: "418")),
      (
        .answer("422 Unprocessable Entity", body: #"{"detail":[{"loc":["body","week_number"],"msg":"too small"}]}"#),
        .rejected(status: 422, reason: "body.week_number: too small")
      ),
      (.answer(body: String(repeating: " ", count: 1 << 20)), .delivered),
    ] as [(ScriptedServer.Step, DeliveryOutcome)])
  func answers(answer: ScriptedServer.Step, outcome: DeliveryOutcome) async throws {
    try await ScriptedServer.run([answer]) { server in
      var settings = try APIClientSettings(port: server.port)
      settings.alsoRetry = [418]
      try await withClient(settings) { client in
        #expect(await client.deliver(call()) == outcome)
      }
      #expect(server.record.requests.count == 1)
    }
  }

  @Test(
    "An answer that is cut short is never a delivery",
    arguments: [
      [.close],
      [.reset],
      [.send("HTTP/1.1 200 OK\r\n"), .close],
      [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), .close],
      [.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"), .reset],
      [.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), .close],
      [.send("HTTP/1.1 422 Unprocessable Entity\r\nContent-Length: 100\r\n\r\n{}"), .close],
    ] as [[ScriptedServer.Step]])
  func cutShort(reply: [ScriptedServer.Step]) async throws {
    try await ScriptedServer.run(reply) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        let reason = "127.0.0.1:\(server.port) closed the connection before its answer was complete"
        #expect(await client.deliver(call()) == .unreachable(reason: reason))
      }
      #expect(server.record.requests.count == 1)
    }
  }

  @Test("What is not HTTP is no answer")
  func notHTTP() async throws {
    try await ScriptedServer.run([.send("220 mail.example.com ESMTP\r\n")]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        let outcome = await client.deliver(call())
        #expect(outcome.unreachableReason?.hasPrefix("127.0.0.1:\(server.port) does not answer in HTTP") == true, "\(outcome)")
      }
    }
  }

  @Test("A redirect is not followed")
  func redirect() async throws {
    try await ScriptedServer.run([.answer()]) { target in
      try await ScriptedServer.run([
        .answer("307 Temporary Redirect", headers: "Location: http://127.0.0.1:\(target.port)/\r\n", body: "")
      ]) { server in
        try await withClient(APIClientSettings(port: server.port)) { client in
          let reason = "307: the API redirects; set api.base_url to where it is"
          #expect(await client.deliver(call()) == .unreachable(reason: reason))
        }
      }
      #expect(target.record.connections == 0)
    }
  }

  @Test(
    "The time limit holds for the whole exchange, whichever part of it hangs",
    arguments: [
      [],
      [.send("HTTP/1.1 200 OK\r\n")],
      [.send("HTTP/1.1 200 OK\r\nX-Padding: "), .drip],
      [.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"), .drip],
      [.send("HTTP/1.1 200 OK\r\n\r\n"), .drip],
    ] as [[ScriptedServer.Step]])
  func timeLimit(reply: [ScriptedServer.Step]) async throws {
    try await ScriptedServer.run(reply) { server in
      try await withClient(APIClientSettings(port: server.port, timeout: .milliseconds(300))) { client in
        #expect(await client.deliver(call()) == .unreachable(reason: "no whole answer within 300 ms"))
      }
    }
  }

  @Test(
    "A cancelled delivery ends at once, whichever part of it hangs", arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
  func cancellation(sent: String) async throws {
    try await ScriptedServer.run([.send(sent)]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        let call = call()
        let outcome = await withTaskGroup { group in
          group.addTask { await client.deliver(call) }
          for await _ in server.arrivals { break }
          group.cancelAll()
          return await group.next()
        }
        #expect(outcome == .unreachable(reason: "cancelled"))
      }
    }
  }

  @Test("A task that is cancelled before does not send anything")
  func cancelledBefore() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        let call = call()
        let outcome = await withTaskGroup(of: DeliveryOutcome.self) { group in
          group.cancelAll()
          group.addTask { await client.deliver(call) }
          return await group.next()
        }
        #expect(outcome == .unreachable(reason: "cancelled"))
      }
      #expect(server.record.requests.isEmpty)
    }
  }

  @Test("A refused connection is said to be one")
  func refused() async throws {
    let socket = try BoundSocket()
    defer { withExtendedLifetime(socket) {} }
    let port = socket.port
    try await withClient(APIClientSettings(port: port)) { client in
      #expect(await client.deliver(call()) == .unreachable(reason: "127.0.0.1:\(port) refused the connection"))
    }
    try await withClient(APIClientSettings(port: port, host: "localhost")) { client in
      #expect(await client.deliver(call()) == .unreachable(reason: "localhost:\(port) refused the connection"))
    }
  }

  @Test("A name that nobody has is said to be unknown")
  func unknownName() async throws {
    // RFC 6761 keeps .invalid free of names for ever.
    try await withClient(APIClientSettings(port: 80, host: "progress.invalid")) { client in
      #expect(await client.deliver(call()) == .unreachable(reason: "no address found for progress.invalid"))
    }
  }
}

@Suite("Connections")
struct ConnectionTests {
  @Test("A connection is used again")
  func reuse() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        for _ in 1...3 { #expect(await client.deliver(call()) == .delivered) }
      }
      #expect(server.record.requests.count == 3)
      #expect(server.record.connections == 1)
    }
  }

  @Test("A connection that the server wants closed is not used again")
  func announcedClose() async throws {
    try await ScriptedServer.run([.answer(headers: "Connection: close\r\n"), .close]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        for _ in 1...3 { #expect(await client.deliver(call()) == .delivered) }
      }
      #expect(server.record.connections == 3)
    }
  }

  @Test("After the server has closed an idle connection, deliveries go on, and none is sent twice")
  func idleClose() async throws {
    try await ScriptedServer.run([.answer(), .close]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        var delivered = 0
        // A call that crosses the close on its way may fail; the one after it opens a new connection.
        for _ in 1...6 where await client.deliver(call()) == .delivered { delivered += 1 }
        #expect(delivered >= 3)
        #expect(server.record.requests.count == delivered)
      }
    }
  }

  @Test("A request that is lost on a connection used before is not sent again", arguments: [.close, .reset] as [ScriptedServer.Step])
  func lost(end: ScriptedServer.Step) async throws {
    try await ScriptedServer.run([.answer()], [end]) { server in
      try await withClient(APIClientSettings(port: server.port)) { client in
        #expect(await client.deliver(call()) == .delivered)
        let reason = "127.0.0.1:\(server.port) closed the connection before its answer was complete"
        #expect(await client.deliver(call()) == .unreachable(reason: reason))
      }
      #expect(server.record.requests.count == 2)
      #expect(server.record.connections == 1)
    }
  }

  @Test("No more connections are open than allowed")
  func limit() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      var settings = try APIClientSettings(port: server.port)
      settings.maximumConcurrentRequests = 2
      try await withClient(settings) { client in
        let call = call()
        await withTaskGroup { group in
          for _ in 1...20 { group.addTask { await client.deliver(call) } }
          for await outcome in group { #expect(outcome == .delivered) }
        }
      }
      #expect(server.record.requests.count == 20)
      #expect((1...2).contains(server.record.mostOpenConnections))
    }
  }

  @Test("A shutdown ends what is under way")
  func shutdownMeanwhile() async throws {
    try await ScriptedServer.run([]) { server in
      let client = try APIClient(APIClientSettings(port: server.port), version: "1")
      async let outcome = client.deliver(call())
      for await _ in server.arrivals { break }
      await client.shutdown()
      #expect(await outcome == .unreachable(reason: "cancelled"))
    }
  }

  @Test("After a shutdown nothing is sent")
  func shutdown() async throws {
    try await ScriptedServer.run([.answer()]) { server in
      let client = try APIClient(APIClientSettings(port: server.port), version: "1")
      await client.shutdown()
      await client.shutdown()
      #expect(await client.deliver(call()) == .unreachable(reason: "cancelled"))
      #expect(server.record.connections == 0)
    }
  }
}
