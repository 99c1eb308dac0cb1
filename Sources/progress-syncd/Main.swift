import ArgumentParser
import SyncdCommand

@main
enum Main {
  static func main() async {
    await ProgressSyncd.main()
  }
}
