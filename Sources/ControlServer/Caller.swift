import Glibc

/// Who is at the other end of a connection, by the kernel's word at its beginning (`SO_PEERCRED`, unix(7)).
package struct Caller: Hashable, Sendable {
  package let uid: UInt32
  package let process: Int32
  /// Root, or the user that the daemon runs as: sees and may change everything.
  package let isAdministrator: Bool

  package init(uid: UInt32, process: Int32 = 0, daemon: UInt32 = geteuid()) {
    (self.uid, self.process, isAdministrator) = (uid, process, uid == 0 || uid == daemon)
  }

  /// Whether what this user has dropped is the caller's to see and to change.
  package func owns(whatWasDroppedBy sender: UInt32) -> Bool { isAdministrator || sender == uid }

  /// The user whose entries the caller is confined to; nil for an administrator.
  package var confinement: UInt32? { isAdministrator ? nil : uid }
}
