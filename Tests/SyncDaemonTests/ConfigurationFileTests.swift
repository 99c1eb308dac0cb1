import Foundation
import Logging
import SyncDaemon
import SystemPackage
import Testing

@Suite("The configuration file")
struct ConfigurationFileTests {
  private let directory = FileManager.default.temporaryDirectory.appending(path: "configuration-\(UUID().uuidString)")

  @Test("that is shipped holds every key with its default")
  func shipped() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let shipped = try String(contentsOf: root.appending(path: "config/progress-sync.yaml"), encoding: .utf8)
    #expect(try ConfigurationSources(kind: .system, fileText: shipped).resolve().configuration == Configuration())
    let uncommented = shipped.replacing(/(?m)^(\s*)#([a-z])/) { "\($0.output.1)\($0.output.2)" }
    let resolved = try ConfigurationSources(kind: .system, file: "/c.yaml", fileText: uncommented).resolve()
    #expect(resolved.configuration == Configuration())
    #expect(ConfigurationKey.all.filter { resolved.origin(of: $0) == .builtIn }.map(\.path) == [])
  }

  @Test("may be missing where it is looked for by default")
  func missingDefault() throws {
    let resolved = try ConfigurationSources.load(kind: .user, environment: ["HOME": directory.path()])
    #expect(resolved.file == nil)
    #expect(resolved.configuration.log.level == .info)
  }

  @Test("must be there when it is named, and the other problems are told all the same")
  func missingNamed() throws {
    let missing = FilePath(directory.path()).appending("none.yaml")
    let problem = "\(missing): cannot be read: No such file or directory"
    let byFlag = try #require(throws: ConfigurationError.self) {
      try ConfigurationSources.load(kind: .system, environment: [:], file: missing, flags: ["log.level=loud"])
    }
    #expect(byFlag.problems.first == problem)
    #expect(byFlag.problems.count == 2)
    let byVariable = try #require(throws: ConfigurationError.self) {
      try ConfigurationSources.load(kind: .system, environment: ["PROGRESS_SYNC_CONFIG": missing.string])
    }
    #expect(byVariable.problems == [problem])
  }

  @Test("is found by default, by variable and by flag, the flag first")
  func found() throws {
    try inDirectory { directory in
      let home = directory.appending("progress-sync")
      try write("log: {level: debug}", to: home.appending("config.yaml"))
      try write("log: {level: error}", to: home.appending("b.yaml"))
      try write("log: {level: trace}", to: home.appending("c.yaml"))
      var environment = ["HOME": "/", "XDG_CONFIG_HOME": directory.string]
      #expect(try ConfigurationSources.load(kind: .user, environment: environment).configuration.log.level == .debug)
      environment["PROGRESS_SYNC_CONFIG"] = home.appending("b.yaml").string
      #expect(try ConfigurationSources.load(kind: .user, environment: environment).configuration.log.level == .error)
      let resolved = try ConfigurationSources.load(kind: .user, environment: environment, file: home.appending("c.yaml"))
      #expect(resolved.configuration.log.level == .trace)
      #expect(resolved.file == home.appending("c.yaml"))
    }
  }

  @Test("is refused when it is no text, or endless")
  func unreadable() throws {
    try inDirectory { directory in
      let file = directory.appending("c.yaml")
      let pipe = directory.appending("pipe")
      #expect(mkfifo(pipe.string, 0o600) == 0)
      try Data([0x61, 0xff]).write(to: URL(filePath: file.string))
      let table: [(FilePath, String)] = [
        (file, "\(file): is not UTF-8"),
        ("/dev/zero", "/dev/zero: is longer than 1 MiB; is it the right file?"),
        (directory, "\(directory): cannot be read: Is a directory"),
        (pipe, "\(pipe): is a named pipe, not a file"),
      ]
      for (path, problem) in table {
        let error = try #require(throws: ConfigurationError.self) {
          try ConfigurationSources.load(kind: .system, environment: [:], file: path)
        }
        #expect(error.problems == [problem])
      }
    }
  }

  @Test("need not name the token that systemd has put there")
  func credential() throws {
    try inDirectory { directory in
      let environment = ["CREDENTIALS_DIRECTORY": directory.string, "PROGRESS_SYNC_CONFIG": "/dev/null"]
      #expect(try ConfigurationSources.load(kind: .system, environment: environment).configuration.api.tokenFile == nil)
      try write("secret", to: directory.appending("api-token"))
      let configuration = try ConfigurationSources.load(kind: .system, environment: environment).configuration
      #expect(configuration.api.tokenFile == directory.appending("api-token"))
    }
  }

  private func inDirectory(_ body: (FilePath) throws -> Void) throws {
    try FileManager.default.createDirectory(at: directory.appending(path: "progress-sync"), withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(FilePath(directory.path()))
  }

  private func write(_ text: String, to path: FilePath) throws {
    try Data(text.utf8).write(to: URL(filePath: path.string))
  }
}
