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
  /// From where it has it load the common one: systemd.exec(5), `LoadCredential=`.
  package static let commonCredentialSource: FilePath = "/etc/credstore/progress-sync.api-token"
  /// Where systemd puts credentials of the system's services: systemd.exec(5), `$CREDENTIALS_DIRECTORY`.
  private static let credentials: FilePath = "/run/credentials"

  /// - Parameters:
  ///   - directory: `api.user_tokens`.
  ///   - known: The file that holds his token already, or should.
  package init(of user: UInt32, in directory: FilePath?, known: FilePath? = nil) {
    takesRestart = directory.map(Self.isOfCredentials) ?? false
    let name = known?.lastComponent?.string ?? UserTokens.prefix + (UserName.name(of: user) ?? "\(user)")
    // Of the directory that systemd loads, the prefix is the credential's name.
    file = takesRestart ? Self.credentialSource.appending(String(name.dropFirst(UserTokens.prefix.count))) : directory?.appending(name)
  }

  /// Whether what lies in a directory is loaded by systemd.
  package static func isOfCredentials(_ directory: FilePath) -> Bool { directory.starts(with: credentials) }

  /// What a person has to do about the token that everybody shares, as a clause.
  ///
  /// - Parameter file: `api.token_file`.
  package static func adviceForAll(_ file: FilePath?) -> String {
    guard let file else { return "name a file with a valid token in api.token_file" }
    guard isOfCredentials(file) else { return "put a valid token into \(file)" }
    return "put a valid token into \(commonCredentialSource), then systemctl restart progress-syncd"
  }

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
    case .common: UserTokenPlace.adviceForAll(file)
    case .user(let user): UserTokenPlace(of: user, in: directory, known: known[user]).advice
    }
  }
}
