/// Whose programs and progress a row belongs to.
///
/// Every call of the store names its user, so that one user can never reach another's rows, whoever asks.
package struct UserID: Hashable, Sendable {
  package let text: String

  package init(_ text: String) {
    self.text = text
  }

  /// The one user of a server that does not authenticate.
  package static let local = UserID("local")
}
