import Glibc

/// The directory of secrets that systemd made for this service alone, from `LoadCredential=` and its kin;
/// [systemd.exec(5)](https://www.freedesktop.org/software/systemd/man/252/systemd.exec.html#Credentials).
package struct CredentialDirectory: Hashable, Sendable {
  package let path: String

  /// Nil where the service was given no credentials.
  package init?(environment: [String: String]) {
    guard let path = environment["CREDENTIALS_DIRECTORY"], path.hasPrefix("/") else { return nil }
    self.path = path
  }

  /// The path of the credential, or nil when the service was not given it: credentials may be optional.
  package func credential(named name: String) -> String? {
    guard !name.isEmpty, name != ".", name != "..", !name.contains("/") else { return nil }
    let file = path + "/" + name
    return access(file, F_OK) == 0 ? file : nil
  }
}
