import ProgressModel
import SyncDaemon
import SystemPackage
import TestSupport
import Testing

@Suite("A bad configuration is refused with every problem")
struct ConfigurationProblemTests {
  private static let url = "must be an http or https URL such as https://progress.example.org, is"
  private static let listen = "must be a port of this machine's own addresses (127.0.0.0/8, ::1) such as 127.0.0.1:9464, is"
  private static let duration = "must be a duration such as 500ms or 2s, is"

  @Test(
    "each value by its own rule",
    arguments: [
      ("api.base_url=", "\(url) empty"),
      ("api.base_url=example.org", "\(url) \"example.org\""),
      ("api.base_url=ftp://example.org", "\(url) \"ftp://example.org\""),
      ("api.base_url=http://exa mple.org", "\(url) \"http://exa mple.org\""),
      ("api.base_url=http://", "must hold a host, and a port from 1 to 65535 or none, is \"http://\""),
      ("api.base_url=http:///api", "must hold a host, and a port from 1 to 65535 or none, is \"http:///api\""),
      ("api.base_url=http://:80", "must hold a host, and a port from 1 to 65535 or none, is \"http://:80\""),
      ("api.base_url=http://h:0", "must hold a host, and a port from 1 to 65535 or none, is \"http://h:0\""),
      ("api.base_url=http://h:+80", "must hold a host, and a port from 1 to 65535 or none, is \"http://h:+80\""),
      ("api.base_url=http://h:65536", "must hold a host, and a port from 1 to 65535 or none, is \"http://h:65536\""),
      ("api.base_url=http://me:secret@h", "must not hold a user or a password; see api.token_file"),
      ("api.base_url=http://h/?a=1", "must end with the path, without ? or #, is \"http://h/?a=1\""),
      ("api.base_url=http://h?a", "must end with the path, without ? or #, is \"http://h?a\""),
      ("api.base_url=http://h/#a", "must end with the path, without ? or #, is \"http://h/#a\""),
      ("api.token_file=token", "must be an absolute path, is \"token\""),
      ("api.token_file=~/token", "must be an absolute path, is \"~/token\""),
      ("api.allow_cleartext_token=yes", "must be true or false, is \"yes\""),
      ("api.ca_file=/a\0b", "must be an absolute path, is \"/a\\u0000b\""),
      ("api.timestamps=UTC", "must be one of utc, naive, is \"UTC\""),
      ("api.request_timeout=fast", "\(duration) \"fast\""),
      ("api.request_timeout=", "\(duration) empty"),
      ("api.request_timeout=10", "\(duration) \"10\"; add a unit (ms, s, m, h)"),
      ("api.request_timeout=-1s", "\(duration) \"-1s\""),
      ("api.request_timeout=1.5s", "\(duration) \"1.5s\""),
      ("api.request_timeout=1s1m", "\(duration) \"1s1m\""),
      ("api.request_timeout=1s1s", "\(duration) \"1s1s\""),
      ("api.request_timeout=1d", "\(duration) \"1d\""),
      ("api.request_timeout=10 s", "\(duration) \"10 s\""),
      ("api.request_timeout=9999999999s", "\(duration) \"9999999999s\""),
      ("api.request_timeout=0s", "must be from 1ms to 10m, is 0s"),
      ("api.request_timeout=999999999h", "must be from 1ms to 10m, is 999999999h"),
      ("api.max_concurrent_requests=0", "must be from 1 to 64, is 0"),
      ("api.max_concurrent_requests=65", "must be from 1 to 64, is 65"),
      ("api.max_concurrent_requests=many", "must be a whole number, is \"many\""),
      ("spool.directory=", "must be an absolute path, is empty"),
      ("spool.max_file_size=0", "must be from 1 to 16MiB, is 0"),
      ("spool.max_file_size=1GiB", "must be a size such as 64KiB or 1MiB, is \"1GiB\""),
      ("spool.max_file_size=64KB", "must be a size such as 64KiB or 1MiB, is \"64KB\""),
      ("spool.max_file_size=999999999999MiB", "must be from 1 to 16MiB, is 999999999999MiB"),
      ("spool.max_file_size=9999999999999", "must be a size such as 64KiB or 1MiB, is \"9999999999999\""),
      ("retry.backoff=", "must hold at least one value"),
      ("retry.backoff=1s,5", "value 2 \(duration) \"5\"; add a unit (ms, s, m, h)"),
      ("retry.backoff=1s,,5s", "value 2 \(duration) empty"),
      ("retry.backoff=0s", "value 1 must be from 1ms to 24h, is 0s"),
      ("retry.also_statuses=409,200", "value 2 must be from 300 to 599, is 200"),
      ("metrics.listen=0.0.0.0:9464", "\(listen) \"0.0.0.0:9464\""),
      ("metrics.listen=192.168.1.7:9464", "\(listen) \"192.168.1.7:9464\""),
      ("metrics.listen=[::]:9464", "\(listen) \"[::]:9464\""),
      ("metrics.listen=::1:9464", "\(listen) \"::1:9464\""),
      ("metrics.listen=[127.0.0.1]:9464", "\(listen) \"[127.0.0.1]:9464\""),
      ("metrics.listen=localhost:9464", "\(listen) \"localhost:9464\""),
      ("metrics.listen=:9464", "\(listen) \":9464\""),
      ("metrics.listen=9464", "\(listen) \"9464\""),
      ("metrics.listen=127.0.0.1", "\(listen) \"127.0.0.1\""),
      ("metrics.listen=127.0.0.1:+80", "\(listen) \"127.0.0.1:+80\""),
      ("metrics.listen=127.0.0.1:65536", "\(listen) \"127.0.0.1:65536\""),
      ("log.level=loud", "must be one of trace, debug, info, notice, warning, error, critical, is \"loud\""),
    ] as [(String, String)])
  func values(setting: String, problem: String) throws {
    let equals = try #require(setting.firstIndex(of: "="))
    let (key, value) = (String(setting[..<equals]), String(setting[equals...].dropFirst()))
    let entry = try #require(ConfigurationKey.all.first { $0.path == key })
    #expect(ConfigurationSources(kind: .system, flags: [setting]).problems == ["--set \(key): \(problem)"])
    let variable = entry.environmentName
    #expect(ConfigurationSources(kind: .system, environment: [variable: value]).problems == ["\(variable): \(problem)"])
  }

  @Test(
    "each contradiction between values",
    arguments: [
      (["retry.parked_max=30s"], "--set retry.parked_max: must not be shorter than retry.parked_initial (1m), is 30s"),
      (["retry.parked_initial=1h"], "retry.parked_max: must not be shorter than retry.parked_initial (1h), is 15m"),
      (["debounce.max_wait=1s"], "--set debounce.max_wait: must not be shorter than debounce.exercise (2s), is 1s"),
      (["debounce.complete=6s"], "debounce.max_wait: must not be shorter than debounce.complete (6s), is 5s"),
      (["state.directory=/a/", "spool.directory=/a"], "--set state.directory: must not be spool.directory"),
      (
        ["control.socket=/" + String(repeating: "s", count: 103)],
        "--set control.socket: must have 103 bytes at most, as the path of a socket, has 104"
      ),
      (
        ["spool.socket=/" + String(repeating: "s", count: 103)],
        "--set spool.socket: must have 103 bytes at most, as the path of a socket, has 104"
      ),
      (["spool.socket=/s", "control.socket=/s"], "--set spool.socket: must not be control.socket"),
    ] as [([String], String)])
  func contradictions(flags: [String], problem: String) {
    #expect(ConfigurationSources(kind: .system, flags: flags).problems == [problem])
  }

  @Test(
    "the file with its line",
    arguments: [
      ("api:\n  base_ulr: http://h", ["c.yaml:2: api.base_ulr: unknown key; did you mean api.base_url?"]),
      ("debounce:\n\n  complete: fast\n", ["c.yaml:3: debounce.complete: \(duration) \"fast\""]),
      ("debuonce:\n  complete: 1s\n", ["c.yaml:1: debuonce: unknown key; did you mean debounce?"]),
      ("base_url: http://h", ["c.yaml:1: base_url: unknown key; did you mean api.base_url?"]),
      ("colour: red", ["c.yaml:1: colour: unknown key"]),
      ("api: http://h", ["c.yaml:1: api: must hold keys with values, is \"http://h\""]),
      ("api:\n- base_url", ["c.yaml:2: api: must hold keys with values, is a list"]),
      ("just text", ["c.yaml:1: the file must hold keys with values, is \"just text\""]),
      ("- api", ["c.yaml:1: the file must hold keys with values, is a list"]),
      ("[a]: 1", ["c.yaml:1: a key must be a name, is a list"]),
      ("api:\n  base_url:\n    host: h", ["c.yaml:2: api.base_url: \(url) a mapping"]),
      ("api:\n  base_url: [http://h]", ["c.yaml:2: api.base_url: \(url) a list"]),
      ("api:\n  base_url:", ["c.yaml:2: api.base_url: \(url) empty"]),
      ("retry:\n  backoff:\n    - 1s\n    - [5s]", ["c.yaml:2: retry.backoff: value 2 \(duration) a list"]),
      (
        "retry.also_statuses: [99, 429, abc]",
        ["c.yaml:1: retry.also_statuses: value 1 must be from 300 to 599, is 99; value 3 must be a whole number, is \"abc\""]
      ),
      ("retry:\n  backoff: {a: 1s}", ["c.yaml:2: retry.backoff: value 1 \(duration) a mapping"]),
      ("log:\n  level: info\n  level: debug", ["c.yaml:2: level: given more than once"]),
      ("log:\n  level: info\nlog.level: debug", ["c.yaml:3: log.level: given more than once, first in line 2"]),
      ("log:\n  level: info\n bad", ["c.yaml:3: not valid YAML: did not find expected key"]),
      ("log:\n\tlevel: info", ["c.yaml:2: not valid YAML: found character that cannot start any token"]),
      ("log: *nobody", ["c.yaml:1: not valid YAML: found undefined alias"]),
      ("log:\n  level: \u{1}", ["c.yaml:2: not valid YAML: control characters are not allowed"]),
      ("log: {}\n---\nlog: {}", ["c.yaml:2: not valid YAML: but found another document"]),
    ] as [(String, [String])])
  func file(text: String, problems: [String]) {
    #expect(ConfigurationSources(kind: .system, file: "c.yaml", fileText: text).problems == problems)
  }

  @Test("all sources at once")
  func everything() {
    let sources = ConfigurationSources(
      kind: .system,
      environment: [
        "PROGRESS_SYNC_API_BASE_ULR": "http://h", "PROGRESS_SYNC_LOG_LEVEL": "loud", "PROGRESS_SYNC_CONFIG": "c.yaml", "PATH": "/bin",
      ],
      file: "c.yaml", fileText: "api:\n  timestamps: local\n  retries: 3\nlog: info",
      flags: ["log.level", "lgo.level=info", "retry.backoff=soon", "retry.parked_max=1s"])
    #expect(
      sources.problems == [
        "c.yaml:2: api.timestamps: must be one of utc, naive, is \"local\"",
        "c.yaml:3: api.retries: unknown key",
        "c.yaml:4: log: must hold keys with values, is \"info\"",
        "PROGRESS_SYNC_API_BASE_ULR: unknown key; did you mean PROGRESS_SYNC_API_BASE_URL?",
        "PROGRESS_SYNC_LOG_LEVEL: must be one of trace, debug, info, notice, warning, error, critical, is \"loud\"",
        "--set log.level: must be KEY=VALUE",
        "--set lgo.level: unknown key; did you mean log.level?",
        "--set retry.backoff: value 1 \(Self.duration) \"soon\"",
        "--set retry.parked_max: must not be shorter than retry.parked_initial (1m), is 1s",
      ])
    #expect(ConfigurationError(problems: ["a", "b"]).description == "a\nb")
  }

  @Test("whatever stands in the file, each problem is one line with the file's name")
  func noise() {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = SeededGenerator(seed: seed)
    let sample = Array(
      "api:\n  base_url: http://h\nretry: {backoff: [1s, 5s], also_statuses: &a [409]}\nlog:\n  level: info\n".unicodeScalars)
    let spice = Array("{}[]\",:'&*!|>%@`#?-~ \n\t\u{0}\u{1b}é".unicodeScalars)
    for _ in 0..<1_000 {
      var scalars = sample
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<scalars.count, using: &generator)
        let scalar = spice.randomElement(using: &generator) ?? " "
        if Bool.random(using: &generator) { scalars[place] = scalar } else { scalars.insert(scalar, at: place) }
      }
      let text = String(String.UnicodeScalarView(scalars))
      for problem in ConfigurationSources(kind: .system, file: "c.yaml", fileText: text).problems {
        #expect(problem.hasPrefix("c.yaml:") && !problem.contains("\n"), "seed \(seed)")
      }
    }
  }
}
