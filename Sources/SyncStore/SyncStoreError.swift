import GRDB
import Glibc

/// Why the queue could not be used.
package enum SyncStoreError: Error, Hashable {
  case missing(path: String)
  case newer(path: String)
  case notDurable(String)
  /// Somebody removed or replaced the file under the running daemon.
  case replaced(path: String)
  /// No space is left; what was asked for did not happen, and may succeed when there is space again.
  case full(String)
  /// The disk or its permissions do not let us write or read.
  case unusable(String)
  /// A row of the queue holds nothing that this program writes.
  case unreadable(sequence: Int64)
  /// The file is damaged, or no database.
  case damaged(String)
  case other(String)

  init(_ error: any Error, path: String) {
    switch error {
    case let error as SyncStoreError: self = error
    case let error as DatabaseError: self.init(database: error, path: path)
    default: self = .other("\(path): \(error)")
    }
  }

  /// What the system refused. An exhausted quota is a full disk too.
  init(_ doing: String, errno code: Int32) {
    let words = "\(doing): \(String(cString: strerror(code)))"
    self = [ENOSPC, EDQUOT].contains(code) ? .full(words) : .unusable(words)
  }

  private init(database error: DatabaseError, path: String) {
    let words = "\(path): " + (error.message ?? "SQLite error") + " (\(error.extendedResultCode.rawValue))"
    switch error.resultCode {
    case .SQLITE_FULL: self = .full(path)
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_PERM, .SQLITE_AUTH: self = .unusable(words)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB: self = .damaged(words)
    default: self = .other(words)
    }
  }
}

extension SyncStoreError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .missing(let path): "\(path) does not exist: progress-syncd has not run yet"
    case .newer(let path): "\(path) was written by a newer progress-syncd: install that version again"
    case .replaced(let path):
      "\(path) was removed or replaced under progress-syncd: put it back, or start progress-syncd again with what is there"
    case .notDurable(let words): "the queue cannot be made durable: \(words)"
    case .full(let words): "the disk is full: make space for \(words); until then dropped files wait in the spool"
    case .unusable(let words): "the queue cannot be used: \(words)"
    case .unreadable(let sequence): "row \(sequence) of the queue is unreadable"
    case .damaged(let words): "the queue is damaged: \(words)"
    case .other(let words): words
    }
  }
}
