/// The token of a user who is to have an account of his own.
package enum UserToken: Hashable, Sendable {
  case usable(BearerToken)
  /// It is there and cannot be used. His requests are not made meanwhile, since any other token would make them somebody else's.
  case unusable(reason: String)

  package var token: BearerToken? {
    switch self {
    case .usable(let token): token
    case .unusable: nil
    }
  }

  /// Why there is none to be used; nil where there is.
  package var obstacle: String? {
    switch self {
    case .usable: nil
    case .unusable(let reason): reason
    }
  }
}
