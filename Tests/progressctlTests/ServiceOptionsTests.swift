import ArgumentParser
import Foundation
import Glibc
import SyncDaemon
import SystemPackage
import Testing

@testable import progressctl

@Suite("Which service is meant")
struct ServiceOptionsTests {
  private let home: Workstation

  init() throws {
    home = try Workstation()
  }

  private func service(_ arguments: String..., environment: [String: String] = [:]) throws -> Service {
    let all = environment.merging(["HOME": home.root.path]) { first, _ in first }
    return try ServiceOptions.parse(arguments).service(environment: all)
  }

  @Test("without a trace of a user's service it is the system's")
  func system() throws {
    let service = try service()
    #expect(service.kind == .system && service.file == nil)
    #expect(service.configuration.queuePath == "/var/lib/progress-sync/queue.sqlite")
    #expect(service.name == "the system's service")
    #expect(service.howToStart == "start it: \(service.startCommand(asRoot: geteuid() == 0))")
    #expect(service.startCommand(asRoot: true) == "systemctl start progress-syncd")
    #expect(service.startCommand(asRoot: false) == "sudo systemctl start progress-syncd")
  }

  /// `finds`: whose it is where these exist; `~` is the home directory.
  @Test(
    "what is there on purpose decides, the user's first; a state directory alone may be left over",
    arguments: [
      ([], ServiceKind.system, false),
      (["~/.config/progress-sync/config.yaml"], .user, false),
      (["~/.config/systemd/user/default.target.wants/progress-syncd.service"], .user, false),
      (["/etc/systemd/user/default.target.wants/progress-syncd.service"], .user, false),
      (["/run/user/1000/progress-sync/control.sock"], .user, false),
      (["~/.local/state/progress-sync"], .user, false),
      (["~/.local/state/progress-sync", "/var/spool/progress-sync"], .system, false),
      (["~/.config/progress-sync/config.yaml", "/etc/progress-sync/config.yaml"], .user, true),
      (["/run/progress-sync/control.sock"], .system, false),
    ])
  func search(existing: [String], finds kind: ServiceKind, isAmbiguous: Bool) {
    let paths = Set(existing.map { FilePath($0.replacing("~", with: "/home/alice")) })
    let environment = ["HOME": "/home/alice", "XDG_RUNTIME_DIR": "/run/user/1000"]
    let search = ServiceSearch(environment: environment) { paths.contains($0) }
    #expect(search.kind == kind)
    #expect(search.isAmbiguous == isAmbiguous)
  }

  @Test(
    "a line ends with whose daemon it is about where it could be another's, and only there",
    arguments: [("", false), (" (the user's service)", true)])
  func aside(text: String, isOneOfTwo: Bool) {
    let configuration = Configuration(kind: .user, environment: [:], tokenExists: false)
    let service = Service(kind: .user, configuration: configuration, file: nil, isNamed: false, isOneOfTwo: isOneOfTwo)
    #expect(service.aside == text)
    #expect(Failure(noRejected: ["a.json"], remark: service.aside).text.hasSuffix("see progressctl rejected\(text)"))
  }

  @Test("the user's configuration makes it the user's")
  func user() throws {
    let directory = home.root.appending(path: ".config/progress-sync")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    try Data().write(to: directory.appending(path: "config.yaml"))
    let service = try service()
    #expect(service.kind == .user)
    #expect(service.configuration.spool.directory.string == home.root.path + "/.local/state/progress-sync/spool")
    #expect(service.name.hasPrefix("the user's service"))
  }

  @Test("a flag decides, whatever there is")
  func flags() throws {
    #expect(try service("--user").kind == .user)
    try FileManager.default.createDirectory(at: home.root.appending(path: "x/progress-sync"), withIntermediateDirectories: true)
    #expect(try service("--system", environment: ["XDG_STATE_HOME": home.root.path + "/x"]).kind == .system)
  }

  @Test("a named configuration is the one that is read, and the environment beats it as it does for the daemon")
  func named() throws {
    let named = try service("--config", home.configuration)
    #expect(named.configuration.state.directory.string == home.root.path + "/state")
    #expect(named.name == "the system's service, \(home.configuration)")
    #expect(named.howToStart == "start it: progress-syncd --config \(home.configuration)")
    #expect(try service(environment: ["PROGRESS_SYNC_CONFIG": home.configuration]).configuration == named.configuration)
    let moved = try service("--config", home.configuration, environment: ["PROGRESS_SYNC_STATE_DIRECTORY": "/elsewhere"])
    #expect(moved.configuration.queuePath == "/elsewhere/queue.sqlite")
  }

  @Test("every problem of the configuration is a line, and the code is that of a wrong configuration")
  func wrong() throws {
    try "spool:\n  directroy: /x\nretry:\n  backoff: often\n".write(toFile: home.configuration, atomically: false, encoding: .utf8)
    let error = #expect(throws: ConfigurationError.self) { try service("--config", home.configuration) }
    let farewell = Farewell(try #require(error))
    #expect(farewell.code == 78)
    #expect(farewell.text.split(separator: "\n").count == 2)
    #expect(farewell.text.split(separator: "\n").allSatisfy { $0.hasPrefix("progressctl: \(home.configuration):") })
  }

  @Test("a daemon that runs is asked though its file is wrong by now, at its usual socket")
  func running() throws {
    let environment = ["HOME": home.root.path, "XDG_RUNTIME_DIR": home.root.path + "/run"]
    for directory in [".config/progress-sync", "run/progress-sync"] {
      try FileManager.default.createDirectory(at: home.root.appending(path: directory), withIntermediateDirectories: true)
    }
    try Data("log: {level: loud}".utf8).write(to: home.root.appending(path: ".config/progress-sync/config.yaml"))
    let options = try ServiceOptions.parse([])
    #expect(throws: ConfigurationError.self) { try options.runningService(environment: environment) }
    try Data().write(to: home.root.appending(path: "run/progress-sync/control.sock"))
    let service = try options.runningService(environment: environment)
    #expect(service.kind == .user && service.configuration.control.socket.string == home.root.path + "/run/progress-sync/control.sock")
    #expect(throws: ConfigurationError.self) { try options.service(environment: environment) }
    let file = home.root.path + "/.config/progress-sync/config.yaml"
    #expect(throws: ConfigurationError.self) { try ServiceOptions.parse(["--config", file]).runningService(environment: environment) }
  }
}
