package import ProgressModel
package import SyncPolicy

/// Something that has gone wrong and that only a person can put right.
package enum Incident: Hashable, Sendable {
  /// The API does not accept the token of an account, or there is none; `status` is that of its answer.
  case held(Account, status: Int?, reason: String)
  /// The API has refused so many writes for good since it began; `last` is one of them, nil when it is unreadable.
  case failed(count: Int, last: WriteKey?, reason: String)
  /// Somebody has so many rejected files that no further ones of his are taken in.
  case bound(sender: UInt32, limit: Int)
  /// So many writes wait, the oldest for more than a day.
  case backlog(count: Int, since: Timestamp)

  package enum Kind: String, CaseIterable, Sendable {
    case held, failed, bound, backlog
  }

  /// What tells incidents apart: at most one of a subject is under way.
  package struct Subject: Hashable, Comparable, Sendable {
    package let kind: Kind
    /// Whom it is about; everybody, unless it is a user's own token.
    package let account: Account

    package init(_ kind: Kind, of account: Account = .common) {
      (self.kind, self.account) = (kind, account)
    }

    package static func < (left: Subject, right: Subject) -> Bool {
      left.kind == right.kind ? left.account < right.account : left.kind.urgency < right.kind.urgency
    }
  }

  package var subject: Subject {
    if case .held(let account, _, _) = self { Subject(.held, of: account) } else { Subject(kind) }
  }

  package var kind: Kind {
    switch self {
    case .held: .held
    case .failed: .failed
    case .bound: .bound
    case .backlog: .backlog
    }
  }
}

extension Incident.Kind {
  /// The most urgent has the smallest.
  fileprivate var urgency: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
