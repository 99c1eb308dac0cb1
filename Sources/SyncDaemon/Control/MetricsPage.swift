import Measurements
package import ProgressModel
package import SyncStore
import SystemPackage

/// The daemon's numbers, as Prometheus reads them; `docs/METRICS.md` says of each what it means and what to do.
///
/// What is a count in the queue, in the spool or on the disk is taken from there at each reading, through a connection of its own: it cannot
/// drift, and the work loop is not asked. The time that it takes does not grow with the queue.
package struct MetricsPage: Sendable {
  let queuePath: FilePath
  let spool: FilePath
  let startedAt: Timestamp
  let instruments: Instruments
  let commitTime: DurationHistogram

  /// - Parameter store: The queue that the work loop has open; only what it has measured is read of it.
  package init(_ configuration: Configuration, store: SyncStore, instruments: Instruments, startedAt: Timestamp) {
    (queuePath, spool) = (configuration.queuePath, configuration.spool.directory)
    (self.startedAt, self.instruments, commitTime) = (startedAt, instruments, store.commitTime)
  }

  /// The page of this moment. A queue that cannot be read is said in it, and leaves its numbers out.
  package func text(now: Timestamp) -> String {
    var page = PrometheusText()
    page.gauge("progress_sync_build_info", "Version of the running daemon; always 1.", [.init(1, .init("version", Daemon.version))])
    // Why it cannot be read is said by the work loop, which meets the same.
    let census = try? SyncStore.reading(path: queuePath.string).census()
    page.gauge(
      "progress_sync_queue_readable", "Whether the queue can be read; its numbers are missing while it cannot.", [.init(census != nil)])
    if let census {
      page.addEntries(census, now: now)
      page.addTotals(census.totals)
    }
    page.addAPI(instruments, now: now)
    page.addSpool(root: spool, instruments)
    page.addBounds(instruments.now.reachedBounds)
    page.addDisk(QueueFiles(path: queuePath.string), commitTime: commitTime, trouble: instruments.now.storageTrouble)
    page.addProcess(ProcessReadings(), startedAt: startedAt)
    return page.text
  }
}

extension PrometheusText.Sample {
  /// 1 for what is so.
  init(_ isSo: Bool, _ labels: PrometheusText.Label...) {
    self.init(isSo ? 1 : 0, labels: labels)
  }

  /// An instant in seconds since 1970; 0 for none, as the metric must not vanish for that.
  init(_ instant: Timestamp?) {
    self.init(instant.map { Double($0.milliseconds) / 1_000 } ?? 0)
  }
}
