import Logging
import ProgressModel
import SyncDaemon
import SystemPackage
import Testing

@Suite("The configuration")
struct ConfigurationTests {
  private static let text = """
    api:
      base_url: https://progress.example.org/v1/
      token_file: /etc/token
      timestamps: naive
      max_concurrent_requests: 16
    spool: {max_file_size: 128KiB}
    state:
    retry:
      backoff:
        - 100ms
        - 1m30s
      also_statuses: [409, 423]
    log.level: debug
    """

  @Test("is read from a file")
  func file() throws {
    let resolved = try ConfigurationSources(kind: .system, file: "/c.yaml", fileText: Self.text).resolve()
    var expected = Configuration()
    expected.api.baseURL = "https://progress.example.org/v1"
    expected.api.tokenFile = "/etc/token"
    expected.api.timestamps = .naive
    expected.api.maxConcurrentRequests = 16
    expected.spool.maxFileSize = 131_072
    expected.retry.backoff = [.milliseconds(100), .seconds(90)]
    expected.retry.alsoStatuses = [409, 423]
    expected.log.level = .debug
    #expect(resolved.configuration == expected)
    #expect(resolved.file == "/c.yaml")
  }

  @Test(
    "names where Prometheus may ask, among this machine's own addresses",
    arguments: [
      ("127.0.0.1:9464", "127.0.0.1", 9464), ("127.3.2.1:1", "127.3.2.1", 1), ("[::1]:65535", "::1", 65_535),
      ("127.0.0.1:0", "127.0.0.1", 0),
    ])
  func listen(text: String, host: String, port: Int) throws {
    let resolved = try ConfigurationSources(kind: .system, flags: ["metrics.listen=\(text)"]).resolve()
    let address = try #require(resolved.configuration.metrics.listen)
    #expect((address.host, address.port) == (host, port))
    #expect("\(address)" == text)
  }

  @Test("takes flags before the environment, the environment before the file, and remembers which")
  func precedence() throws {
    let environment = ["PROGRESS_SYNC_API_TIMESTAMPS": "utc", "PROGRESS_SYNC_RETRY_BACKOFF": "2s, 3s", "PROGRESS_SYNC_LOG_LEVEL": "error"]
    let flags = ["log.level=trace", "log.level=notice", "control.socket=/a=b"]
    let resolved = try ConfigurationSources(
      kind: .system, environment: environment, file: "/c.yaml", fileText: Self.text, flags: flags
    ).resolve()
    #expect(resolved.configuration.api.timestamps == .utc)
    #expect(resolved.configuration.retry.backoff == [.seconds(2), .seconds(3)])
    #expect(resolved.configuration.log.level == .notice)
    #expect(resolved.configuration.control.socket == "/a=b")
    let origins = Dictionary(uniqueKeysWithValues: ConfigurationKey.all.map { ($0.path, resolved.origin(of: $0)) })
    #expect(origins["api.base_url"] == .file("/c.yaml", line: 2))
    #expect(origins["retry.also_statuses"] == .file("/c.yaml", line: 12))
    #expect(origins["log.level"] == .flag)
    #expect(origins["retry.backoff"] == .environment("PROGRESS_SYNC_RETRY_BACKOFF"))
    #expect(origins["debounce.exercise"] == .builtIn)
    let lines = resolved.listing.split(separator: "\n")
    #expect(lines.contains("api.token_file: /etc/token  # /c.yaml:3"))
    #expect(lines.contains("retry.backoff: [2s, 3s]  # PROGRESS_SYNC_RETRY_BACKOFF"))
    #expect(lines.contains("log.level: notice  # --set"))
    #expect(lines.contains("debounce.exercise: 2s  # default"))
  }

  @Test(
    "takes each spelling of a value",
    arguments: [
      ("api.base_url=HTTPS://[::1]:8443/a/b", "HTTPS://[::1]:8443/a/b"), ("api.base_url=http://h:65535/", "http://h:65535"),
      ("api.token_file=null", "null"), ("api.token_file=~", "null"), ("api.token_file=", "null"), ("api.token_file=/a b", "/a b"),
      ("debounce.complete=1ms", "1ms"), ("debounce.max_wait=1h", "1h"), ("debounce.max_wait=59m59s999ms", "59m59s999ms"),
      ("debounce.max_wait=90s", "1m30s"), ("debounce.max_wait=0m5s", "5s"), ("retry.parked_max=168h", "168h"),
      ("spool.max_file_size=1MiB", "1MiB"), ("spool.max_file_size=1048577", "1048577"), ("spool.max_file_size=2048", "2KiB"),
      ("retry.backoff=[1s, 2s]", "[1s, 2s]"), ("retry.backoff=1s", "[1s]"), ("retry.also_statuses=", "[]"),
      ("retry.also_statuses=[]", "[]"),
      ("retry.also_statuses=423,409,423", "[409, 423]"),
    ] as [(String, String)])
  func spellings(setting: String, text: String) throws {
    let path = setting.prefix { $0 != "=" }
    let key = try #require(ConfigurationKey.all.first { $0.path == path })
    let configuration = try ConfigurationSources(kind: .system, flags: [setting]).resolve().configuration
    #expect(key.text(configuration) == text)
    let again = try ConfigurationSources(kind: .system, flags: ["\(path)=\(text)"]).resolve().configuration
    #expect(again == configuration)
  }

  @Test("may be empty, or hold only comments and sections", arguments: ["", "\n", "# nothing\n", "api:\nlog: ~\nretry: {}\n", "---\n"])
  func empty(text: String) throws {
    #expect(try ConfigurationSources(kind: .system, fileText: text).resolve().configuration == Configuration())
  }

  @Test("has keys that each stand once, say what they are for, and read what they write")
  func keys() throws {
    #expect(Set(ConfigurationKey.all.map(\.path)).count == ConfigurationKey.all.count)
    #expect(Set(ConfigurationKey.all.map(\.environmentName)).count == ConfigurationKey.all.count)
    #expect(ConfigurationKey.all.first?.environmentName == "PROGRESS_SYNC_API_BASE_URL")
    #expect(ConfigurationKey.all.allSatisfy { !$0.summary.isEmpty })
    let sources = ConfigurationSources(kind: .system, file: "/c.yaml", fileText: Self.text)
    let configuration = try sources.resolve().configuration
    let flags = ConfigurationKey.all.map { "\($0.path)=\($0.text(configuration))" }
    #expect(try ConfigurationSources(kind: .system, flags: flags).resolve().configuration == configuration)
  }

  @Test("says which of its new values take a restart")
  func restart() {
    let running = Configuration()
    var new = running
    new.api.baseURL = "http://elsewhere"
    new.log.level = .debug
    #expect(new.keysNeedingRestart(from: running).isEmpty)
    new.spool.directory = "/a"
    new.state.directory = "/b"
    new.control.socket = "/c"
    #expect(new.keysNeedingRestart(from: running).map(\.path) == ["spool.directory", "state.directory", "control.socket"])
  }
}
