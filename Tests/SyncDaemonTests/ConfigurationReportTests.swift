import ControlProtocol
import SyncDaemon
import SystemPackage
import Testing

@Suite("What is told of a configuration")
struct ConfigurationReportTests {
  @Test("every key is told with its effective value and where that comes from")
  func report() throws {
    let sources = ConfigurationSources(
      kind: .system, environment: ["PROGRESS_SYNC_LOG_LEVEL": "debug"], file: "/etc/progress-sync/config.yaml",
      fileText: "spool:\n  settle_time: 1s\n", flags: ["api.base_url=https://progress.example.org"])
    let report = try sources.resolve().report
    #expect(report.file == "/etc/progress-sync/config.yaml" && report.values.map(\.key) == ConfigurationKey.all.map(\.path))
    let expected: [(String, String, String)] = [
      ("log.level", "debug", "PROGRESS_SYNC_LOG_LEVEL"), ("spool.settle_time", "1s", "/etc/progress-sync/config.yaml:2"),
      ("api.base_url", "https://progress.example.org", "--set"), ("state.directory", "/var/lib/progress-sync", "default"),
    ]
    for (key, value, origin) in expected {
      #expect(report.values.contains(.init(key: key, value: value, origin: origin)))
    }
  }

  @Test(
    "a user and a password in a URL are masked",
    arguments: [
      ("https://me:secret@example.org/api", "https://***@example.org/api"), ("http://a@b@c/d", "http://***@c/d"),
      ("https://example.org/a@b", "https://example.org/a@b"), ("/etc/a@b", "/etc/a@b"), ("https://[::1]:1", "https://[::1]:1"),
      ("a http://u:p@h1, http://u:p@h2", "a http://***@h1, http://***@h2"),
    ])
  func mask(text: String, shown: String) {
    #expect(text.maskingUserInfo == shown)
  }
}
