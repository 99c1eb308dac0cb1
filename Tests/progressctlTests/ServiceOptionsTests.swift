import ArgumentParser
import Foundation
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
    #expect(service.howToStart == "start it: sudo systemctl start progress-syncd")
  }

  @Test(
    "the user's state, or the user's configuration, makes it the user's",
    arguments: [".local/state/progress-sync", ".config/progress-sync"])
  func user(directory: String) throws {
    let directory = home.root.appending(path: directory)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    if directory.path.contains("config") { try Data().write(to: directory.appending(path: "config.yaml")) }
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
    #expect(try service(environment: ["XDG_STATE_HOME": home.root.path + "/x"]).kind == .user)
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
}
