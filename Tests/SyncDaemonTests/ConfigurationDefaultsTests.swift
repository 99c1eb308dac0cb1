import Logging
import ProgressModel
import SyncDaemon
import SystemPackage
import Testing

@Suite("The defaults of the configuration")
struct ConfigurationDefaultsTests {
  @Test("are those that are documented")
  func documented() throws {
    let resolved = try ConfigurationSources(kind: .system).resolve()
    #expect(
      resolved.listing == """
        api.base_url: http://127.0.0.1:8000  # default
        api.token_file: null  # default
        api.user_tokens: null  # default
        api.allow_cleartext_token: false  # default
        api.ca_file: null  # default
        api.timestamps: utc  # default
        api.request_timeout: 10s  # default
        api.max_concurrent_requests: 8  # default
        spool.directory: /var/spool/progress-sync  # default
        spool.socket: /run/progress-sync/submit.sock  # default
        spool.max_file_size: 64KiB  # default
        spool.settle_time: 500ms  # default
        spool.rescan_interval: 1m  # default
        limits.files_per_user: 10000  # default
        limits.keys_per_user: 1000000  # default
        limits.bytes_per_user: 256MiB  # default
        state.directory: /var/lib/progress-sync  # default
        debounce.complete: 500ms  # default
        debounce.intensity: 500ms  # default
        debounce.schedule: 500ms  # default
        debounce.exercise: 2s  # default
        debounce.max_wait: 5s  # default
        retry.backoff: [1s, 5s, 15s]  # default
        retry.parked_initial: 1m  # default
        retry.parked_max: 15m  # default
        retry.also_statuses: []  # default
        control.socket: /run/progress-sync/control.sock  # default
        control.group: progress-sync-submit  # default
        metrics.listen: null  # default
        log.level: info  # default
        notices.desktop: true  # default

        """)
    #expect(resolved.configuration == Configuration())
    #expect(resolved.file == nil)
  }

  @Test(
    "of the submission socket follow the control socket",
    arguments: [
      (ServiceKind.system, [], "/run/progress-sync/submit.sock"), (.user, [], "/run/user/7/progress-sync/submit.sock"),
      (.user, ["control.socket=/c/d"], "/c/submit.sock"), (.system, ["control.socket=/c/d", "spool.socket=/e/f"], "/e/f"),
      // What follows from the control socket keeps no daemon from starting.
      (
        .system, ["control.socket=/" + String(repeating: "d", count: 100) + "/c"], "/" + String(repeating: "d", count: 100) + "/submit.sock"
      ),
    ])
  func submissionSocket(kind: ServiceKind, flags: [String], path: String) throws {
    let environment = ["HOME": "/home/p", "XDG_RUNTIME_DIR": "/run/user/7"]
    let resolved = try ConfigurationSources(kind: kind, environment: environment, flags: flags).resolve()
    #expect(resolved.configuration.spool.socket.string == path)
  }

  @Test(
    "of directories follow the environment",
    arguments: [
      (.system, [:], ["/var/spool/progress-sync", "/var/lib/progress-sync", "/run/progress-sync/control.sock"]),
      (
        .system, ["STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r", "HOME": "/root", "XDG_STATE_HOME": "/x"],
        ["/var/spool/progress-sync", "/s", "/r/control.sock"]
      ),
      (
        .system, ["STATE_DIRECTORY": "/s:/t", "RUNTIME_DIRECTORY": ""],
        ["/var/spool/progress-sync", "/s", "/run/progress-sync/control.sock"]
      ),
      (
        .user, ["HOME": "/home/p", "XDG_RUNTIME_DIR": "/run/user/7"],
        [
          "/home/p/.local/state/progress-sync/spool", "/home/p/.local/state/progress-sync", "/run/user/7/progress-sync/control.sock",
        ]
      ),
      (
        .user,
        ["HOME": "/home/p", "XDG_STATE_HOME": "/x", "STATE_DIRECTORY": "/s", "RUNTIME_DIRECTORY": "/r", "XDG_RUNTIME_DIR": "/run/user/7"],
        ["/x/progress-sync/spool", "/x/progress-sync", "/r/control.sock"]
      ),
      (
        .user, ["HOME": "/home/p", "XDG_STATE_HOME": "relative"],
        [
          "/home/p/.local/state/progress-sync/spool", "/home/p/.local/state/progress-sync",
          "/home/p/.local/state/progress-sync/control.sock",
        ]
      ),
    ] as [(ServiceKind, [String: String], [String])])
  func directories(kind: ServiceKind, environment: [String: String], paths: [String]) throws {
    let configuration = try ConfigurationSources(kind: kind, environment: environment).resolve().configuration
    #expect([configuration.spool.directory, configuration.state.directory, configuration.control.socket].map(\.string) == paths)
  }

  @Test("of a user without a home are missing, and said to be, until they are set")
  func homeless() throws {
    #expect(
      ConfigurationSources(kind: .user).problems == [
        "spool.directory: has no default here, as neither XDG_STATE_HOME nor HOME is set; set it",
        "state.directory: has no default here, as neither XDG_STATE_HOME nor HOME is set; set it",
        "control.socket: has no default here, as XDG_RUNTIME_DIR is not set; set it",
      ])
    let flags = ["spool.directory=/a", "state.directory=/b", "control.socket=/c"]
    #expect(ConfigurationSources(kind: .user, flags: flags).problems == [])
  }

  @Test("take the token that systemd hands over")
  func credential() throws {
    let environment = ["CREDENTIALS_DIRECTORY": "/run/credentials/x"]
    let found = try ConfigurationSources(kind: .system, environment: environment, tokenExists: true).resolve()
    #expect(found.configuration.api.tokenFile == "/run/credentials/x/api-token")
    #expect(try ConfigurationSources(kind: .system, environment: environment).resolve().configuration.api.tokenFile == nil)
    let unset = ConfigurationSources(kind: .system, environment: environment, flags: ["api.token_file="], tokenExists: true)
    #expect(try unset.resolve().configuration.api.tokenFile == nil)
  }

  @Test("look for users' tokens where systemd puts credentials, but not in a user's own service")
  func userTokens() throws {
    let environment = ["CREDENTIALS_DIRECTORY": "/run/credentials/x", "HOME": "/home/p", "XDG_RUNTIME_DIR": "/run/user/7"]
    #expect(
      try ConfigurationSources(kind: .system, environment: environment).resolve().configuration.api.userTokens == "/run/credentials/x")
    #expect(try ConfigurationSources(kind: .user, environment: environment).resolve().configuration.api.userTokens == nil)
    let set = ConfigurationSources(kind: .user, environment: environment, flags: ["api.user_tokens=/etc/tokens"])
    #expect(try set.resolve().configuration.api.userTokens == "/etc/tokens")
    let unset = ConfigurationSources(kind: .system, environment: environment, flags: ["api.user_tokens=null"])
    #expect(try unset.resolve().configuration.api.userTokens == nil)
  }

  @Test(
    "name the file",
    arguments: [
      (.system, ["HOME": "/root"], "/etc/progress-sync/config.yaml"),
      (.user, ["HOME": "/home/p"], "/home/p/.config/progress-sync/config.yaml"),
      (.user, ["HOME": "/home/p", "XDG_CONFIG_HOME": "/c"], "/c/progress-sync/config.yaml"),
      (.user, [:], nil),
    ] as [(ServiceKind, [String: String], FilePath?)])
  func file(kind: ServiceKind, environment: [String: String], path: FilePath?) {
    #expect(Configuration.defaultFile(kind: kind, environment: environment) == path)
  }
}

extension ConfigurationSources {
  /// The problems that keep the sources from giving a configuration; none when they give one.
  var problems: [String] {
    do throws(ConfigurationError) {
      _ = try resolve()
      return []
    } catch {
      return error.problems
    }
  }
}
