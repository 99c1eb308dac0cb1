package import Measurements

/// How long a spool's disk takes. Outlives the reader that measures, so that counts do not fall when the spool is opened anew.
package struct SpoolTimes: Sendable {
  /// Listing `incoming/`, with a look at each entry.
  package let scan = DurationHistogram.ofDisk
  /// One sync of a directory of the spool.
  package let sync = DurationHistogram.ofDisk

  package init() {}
}
