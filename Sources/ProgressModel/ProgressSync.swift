/// What all programs of this package have in common.
package enum ProgressSync {
  /// Of the whole, which is released as one. The newest entry of `packaging/debian/changelog` says the same.
  package static let version = "0.1.0"
}
