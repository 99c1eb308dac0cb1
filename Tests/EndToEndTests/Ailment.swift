import Foundation
import Glibc
import TestSupport
import Testing

/// One thing that is wrong with a machine, and what a doctor has to say of it.
struct Ailment: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let check: String
  var verdict = "problem"
  let message: String
  let fix: String
  /// Makes it so while the last argument runs; the API runs already.
  let befall: @Sendable (Workstation, () async throws -> Void) async throws -> Void
}

extension Ailment {
  static let all = onTheMachine + atTheAPI

  private static let onTheMachine = [
    Ailment(
      testDescription: "no daemon runs", check: "daemon", message: "progress-syncd does not run; what is dropped waits in the spool",
      fix: "progress-syncd --config /"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon()
      try await machine.stopDaemon()
      try await examine()
    },
    Ailment(
      testDescription: "the daemon listens elsewhere", check: "control", message: "the daemon runs, but nobody listens on ",
      fix: "see that control.socket is what the daemon was started with"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon("--set", "control.socket=\(machine.directory.path)/other.sock")
      try await examine()
    },
    Ailment(
      testDescription: "the spool is gone", check: "spool", message: " lacks incoming, claimed, rejected", fix: "progress-syncd --config /"
    ) { machine, examine in
      try machine.configure()
      try await examine()
    },
    Ailment(
      testDescription: "everybody can remove what others drop", check: "spool", message: "is not sticky", fix: "chmod +t /"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon()
      try #require(chmod(machine.incoming.path, 0o777) == 0)
      try await examine()
    },
    Ailment(
      testDescription: "others can look into the queue", check: "state", verdict: "warning", message: "can be entered by others: mode 755",
      fix: "chmod 700 /"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon()
      try #require(chmod(machine.directory.appending(path: "state").path, 0o755) == 0)
      try await examine()
    },
    Ailment(
      testDescription: "the configuration is wrong", check: "configuration", message: "retry.backoff",
      fix: "mend it, then progressctl config check"
    ) { machine, examine in
      try machine.configure("retry: {backoff: often}")
      try await examine()
    },
    Ailment(
      testDescription: "the authority's certificate is damaged", check: "configuration",
      message: "ca.pem holds no certificate, or one that is damaged", fix: "mend it, then progressctl config check"
    ) { machine, examine in
      let authority = machine.directory.appending(path: "ca.pem")
      try Data("garbage".utf8).write(to: authority)
      try machine.configure("api.ca_file: \(authority.path)")
      try await examine()
    },
    Ailment(
      testDescription: "sending is paused", check: "queue", verdict: "warning", message: "sending is paused since ",
      fix: "progressctl resume"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon()
      _ = try await machine.progressctl("pause", "--for", "2h")
      try await examine()
    },
    Ailment(
      testDescription: "a file was rejected", check: "queue", verdict: "warning", message: "1 file was rejected",
      fix: "progressctl rejected"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon()
      try machine.drop("no JSON")
      try await eventually("it is rejected") { try await machine.progressctl("status").words.contains("1 rejected") }
      try await examine()
    },
    Ailment(
      testDescription: "the API has refused something", check: "queue", verdict: "warning", message: "1 refused by the API: ",
      fix: "progressctl failed, then progressctl retry ID or progressctl discard ID"
    ) { machine, examine in
      try machine.configure("debounce: {complete: 10ms}")
      try await machine.startDaemon()
      _ = try await machine.progressctl("complete", "nowhere", "1", "1", "--wait=synced")
      try await examine()
    },
  ]

  private static let atTheAPI = [
    Ailment(
      testDescription: "the API is down", check: "api", message: " refused the connection",
      fix: "start the API or mend the network; the daemon goes on trying, and nothing is lost"
    ) { machine, examine in
      try machine.configure()
      try await machine.startDaemon()
      try await machine.stopAPI()
      try await examine()
    },
    Ailment(
      testDescription: "the token is refused", check: "token", message: "the API refuses the token with status 401",
      fix: "put a valid token into /"
    ) { machine, examine in
      let proxy = RecordingProxy(token: "new")
      try await proxy.serve(to: machine.apiURL) { port in
        machine.proxyPort = port
        try machine.configure("api.token_file: \(try machine.token("old"))")
        try await machine.startDaemon()
        try await examine()
      }
    },
    Ailment(
      testDescription: "the token is none", check: "token", message: " is empty", fix: "put the token there on one line, then "
    ) { machine, examine in
      try machine.configure("api.token_file: \(try machine.token(""))")
      try await examine()
    },
    Ailment(
      testDescription: "the API holds the daemon off", check: "token", message: "the API does not accept the daemon: ",
      fix: "put a valid token into a file, name it in api.token_file"
    ) { machine, examine in
      let proxy = RecordingProxy(token: "new")
      try await proxy.serve(to: machine.apiURL) { port in
        machine.proxyPort = port
        try machine.configure("debounce: {complete: 10ms}")
        try await machine.startDaemon()
        try machine.drop(action("complete"))
        try await eventually("it is held") { try await machine.progressctl("status").words.contains("does not accept us") }
        try await examine()
      }
    },
    Ailment(
      testDescription: "the token is readable by everybody", check: "token", verdict: "warning", message: "can be read by others: mode 644",
      fix: "chmod 600 /"
    ) { machine, examine in
      let token = try machine.token("s3cret")
      try machine.configure("api.token_file: \(token)")
      try await machine.startDaemon()
      try #require(chmod(token, 0o644) == 0)
      try await examine()
    },
    answering(
      "a web page answers", "200 OK", "Content-Type: text/html; charset=utf-8\r\n", "<!doctype html><title>Log in</title>", check: "api",
      message: " answers with a web page", fix: "log in to the network if it wants that, or check api.base_url ("),
    answering(
      "another server answers", "404 Not Found", "Content-Type: application/json\r\n", #"{"detail":"Not Found"}"#, check: "api",
      message: ", but no progress API (status 404)", fix: "check api.base_url ("),
    answering(
      "the network redirects", "302 Found", "Location: http://127.0.0.1/login\r\n", "", check: "api",
      message: " redirects to http://127.0.0.1/login", fix: "log in to the network if it wants that"),
    answering(
      "the API fails", "500 Internal Server Error", "Content-Type: application/json\r\n", "{}", check: "api",
      message: " answers with status 500", fix: "see the API's own log; the daemon goes on trying"),
    answering(
      "the clock is wrong", "200 OK", "Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: application/json\r\n",
      #"{"program_id":"progress-sync-doctor","logs":[]}"#, check: "clock", message: "ahead of the API's",
      fix: "timedatectl set-ntp true"),
    serving(
      "the certificate has expired", validity: .days(-1), trust: .own, message: " expired at 20", fix: "or put its authority's into /"),
    serving(
      "nobody is known who vouches for the certificate", validity: .days(90), trust: .none, message: " is from no authority that ",
      fix: "or name its authority in api.ca_file"),
    serving(
      "another one is named who vouches for certificates", validity: .days(90), trust: .other, message: "/ca.pem (api.ca_file)",
      fix: "or put its authority's into /"),
  ]

  /// A server that answers all the same.
  private static func answering(
    _ name: String, _ status: String, _ headers: String, _ body: String, check: String, message: String, fix: String
  ) -> Ailment {
    Ailment(testDescription: name, check: check, message: message, fix: fix) { machine, examine in
      let answer = "HTTP/1.1 \(status)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
      try await ScriptedServer.run([.send(answer)]) { server in
        machine.proxyPort = server.port
        try machine.configure()
        try await machine.startDaemon()
        try await examine()
      }
    }
  }

  /// Whom `api.ca_file` names: nobody, the server's authority, or another one.
  private enum Trust { case none, own, other }

  /// A server whose certificate has a flaw.
  private static func serving(
    _ name: String, validity: CertificateAuthority.Validity, trust: Trust, message: String, fix: String
  ) -> Ailment {
    Ailment(testDescription: name, check: "tls", message: message, fix: "renew the server's certificate, \(fix)") { machine, examine in
      let (authority, other) = (try CertificateAuthority(), try CertificateAuthority())
      defer { [authority, other].forEach { $0.remove() } }
      let tls = try authority.server(names: "DNS:localhost,IP:127.0.0.1", validity: validity)
      try await ScriptedServer.run([.answer()], tls: tls) { server in
        let trusted = [Trust.own: authority.file, .other: other.file][trust]
        try machine.configure(trusted.map { "api.ca_file: \($0)" } ?? "")
        try machine.point(to: "https://127.0.0.1:\(server.port)")
        try await machine.startDaemon()
        try await examine()
        #expect(server.record.requests.isEmpty)
      }
    }
  }
}

extension Workstation {
  /// A token's file that nobody else can read.
  fileprivate func token(_ text: String) throws -> String {
    let file = directory.appending(path: "token")
    try Data("\(text)\n".utf8).write(to: file)
    try #require(chmod(file.path, 0o600) == 0)
    return file.path
  }
}
