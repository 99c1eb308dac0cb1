import APIClient
import ControlProtocol
import ProgressModel
import SyncDaemon
import SystemPackage

/// What can be seen of the tokens of users.
struct UserTokensFindings: Hashable {
  /// Where they lie; nil when no directory is configured.
  var directory: FilePath?
  /// The caller may not look into it, as it should be.
  var isHidden = false
  var problems: [UserTokens.Problem] = []
  /// What systemd makes of them; nil where it has nothing to do with them.
  var credentials: TokenCredentials?
  var users: [User] = []

  struct User: Hashable {
    var user: UInt32
    var name: String
    var file: FilePath
    var permissions: UInt32?
    var owner: UInt32 = 0
    /// What the API answers to his token; nil when that was not asked.
    var answer: Result<APIProbe.Answer, APIProbe.Failure>?
  }
}

extension Patient {
  /// - Parameters:
  ///   - answersAnybody: Whether the API answers the same question without a token; nil when that is not known.
  ///   - accounts: How the daemon finds that users stand with the API.
  ///   - daemonUser: nil where it cannot be seen.
  func diagnoseUserTokens(
    _ found: UserTokensFindings, answersAnybody: Bool?, accounts: [AccountReport], daemonUser: UInt32? = nil
  ) -> [Diagnosis] {
    if found.isHidden { return accounts.map(diagnose) }
    let fix = "mend or remove it, then \(takeOver(found))"
    let problems = found.problems.map { problem in
      problem.user == nil ? Diagnosis.warning(.token, "\(problem)", fix: fix) : .problem(.token, "\(problem)", fix: fix)
    }
    // Of a file that cannot be used it is said above that its user waits for it.
    let known = Set(found.users.map(\.user) + found.problems.compactMap(\.user))
    let missing = accounts.filter { $0.state == .held && !known.contains($0.uid) }.map(diagnose)
    let refusals = found.credentials.map { diagnose($0, takeOver: takeOver(found)) } ?? []
    let exposed = found.users.compactMap { exposure(of: $0, found, daemonUser: daemonUser) }
    let judged = found.users.flatMap { diagnose($0, found, answersAnybody: answersAnybody, accounts: accounts) }
    return refusals + problems + exposed + judged + missing
  }

  private func exposure(of user: UserTokensFindings.User, _ found: UserTokensFindings, daemonUser: UInt32?) -> Diagnosis? {
    guard let permissions = user.permissions, permissions & 0o077 != 0, sandbox.place(hiding: user.file) == nil else { return nil }
    // systemd reads a credential's source itself.
    let reader = found.directory == UserTokenPlace.credentialSource ? user.owner : daemonUser
    return .warning(
      .token, "\(user.file) can be read by others: mode \(String(permissions, radix: 8))",
      fix: howToClose(user.file, of: user.owner, to: reader))
  }

  private func diagnose(
    _ user: UserTokensFindings.User, _ found: UserTokensFindings, answersAnybody: Bool?, accounts: [AccountReport]
  ) -> [Diagnosis] {
    var diagnoses: [Diagnosis] = []
    let account = accounts.first { $0.uid == user.user }
    // Where its own question has told nothing.
    let byTheDaemon = account.flatMap { $0.state == .held ? diagnose($0) : nil } ?? unknown(user.name)
    guard case .success(let answer)? = user.answer else {
      return diagnoses + [byTheDaemon]
    }
    let newToken = "put a valid token into \(user.file), then \(takeOver(found))"
    switch answer.kind {
    case .refusal:
      diagnoses.append(.problem(.token, "the API refuses the token of \(user.name) with status \(answer.status)", fix: newToken))
    case .progressAPI where answersAnybody == true: diagnoses.append(.ok(.token, "the API wants none, not even of \(user.name)"))
    case .progressAPI where account?.state == .held:
      // What lies there now is not what the daemon has met with.
      let words = "the API accepts the token of \(user.name), but the daemon goes by another one"
      diagnoses.append(.warning(.token, words, fix: takeOver(found)))
    case .progressAPI: diagnoses.append(.ok(.token, "the API accepts the token of \(user.name)"))
    case .pause, .failing, .redirect, .webPage, .noSuchCall, .somethingElse: diagnoses.append(byTheDaemon)
    }
    return diagnoses
  }

  /// By the daemon's word.
  private func diagnose(_ account: AccountReport) -> Diagnosis {
    switch account.state {
    case .open: .ok(.token, "nothing is known against the token of \(account.name)")
    case .held:
      .problem(
        .token, "what \(account.name) dropped is held\(account.causeInBrackets)", fix: account.remedy ?? "put a valid token into its file")
    }
  }

  private func unknown(_ name: String) -> Diagnosis { .unknown(.token, "whether the API accepts the token of \(name)") }

  /// What has the daemon use the files as they are now.
  private func takeOver(_ found: UserTokensFindings) -> String {
    found.directory == UserTokenPlace.credentialSource && !isNamed ? restart : "progressctl flush"
  }
}
