import Hummingbird
import Logging

/// What is known of a request besides itself.
struct ControlContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let caller: Caller
  /// Completes when nobody waits for the answer any more.
  let gone: HTTPListener.Gone

  struct Source: RequestContextSource {
    let logger: Logger
    let caller: Caller
    let gone: HTTPListener.Gone
  }

  init(source: Source) {
    (coreContext, caller, gone) = (CoreRequestContextStorage(source: source), source.caller, source.gone)
  }
}
