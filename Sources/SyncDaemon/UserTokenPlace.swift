import SyncPolicy
package import SystemPackage

/// Where a person puts the token of a user, and what it takes to have it used.
package struct UserTokenPlace: Hashable, Sendable {
  /// nil while no directory is configured.
  package let file: FilePath?
  /// systemd hands credentials over at the start only.
  package let takesRestart: Bool

  /// From where progress-syncd.service has systemd load the credentials that stand for users' tokens.
  package static let credentialSource: FilePath = "/etc/progress-sync/tokens"
  /// Where systemd puts credentials of the system's services: systemd.exec(5), `$CREDENTIALS_DIRECTORY`.
  private static let credentials: FilePath = "/run/credentials"

  /// - Parameters:
  ///   - directory: `api.user_tokens`.
  ///   - known: The file that holds his token already, or should.
  package init(of user: UInt32, in directory: FilePath?, known: FilePath? = nil) {
    takesRestart = directory.map(Self.isOfCredentials) ?? false
    let name = known?.lastComponent ?? FilePath.Component(UserTokens.prefix + (UserName.name(of: user) ?? "\(user)"))
    guard let directory, let name else {
      file = nil
      return
    }
    file = (takesRestart ? Self.credentialSource : directory).appending(name)
  }

  /// Whether what lies in a directory is loaded by systemd.
  package static func isOfCredentials(_ directory: FilePath) -> Bool { directory.starts(with: credentials) }

  /// What a person has to do, as a clause.
  package var advice: String {
    guard let file else { return "name a directory in api.user_tokens, and put a token for the user there" }
    return "put a valid token into \(file)" + (takesRestart ? ", then systemctl restart progress-syncd" : "; it is taken over at once")
  }
}

/// Where a person puts tokens, as things are configured now.
struct TokenPlaces: Sendable {
  private let file: FilePath?
  private let directory: FilePath?
  private let known: [UInt32: FilePath]

  init(_ configuration: Configuration, users: UserTokens = UserTokens()) {
    (file, directory) = (configuration.api.tokenFile, configuration.api.userTokens)
    known = users.entries.mapValues(\.file)
  }

  /// What a person has to do about the token of an account, as a clause.
  func advice(for account: Account) -> String {
    switch account {
    case .common: file.map { "put a valid token into \($0)" } ?? "name a file with a valid token in api.token_file"
    case .user(let user): UserTokenPlace(of: user, in: directory, known: known[user]).advice
    }
  }
}
