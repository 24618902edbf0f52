#include "threads.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace {

constexpr long WORTH = 1 << 15;  // values: what one thread should have to do before waking it pays
constexpr int MOST_GROUPS = 8;   // the sums of all groups must be added in the end
constexpr int SPINS = 200;       // looks for work before a thread sleeps: some tens of microseconds

std::atomic<int> wanted{1};

struct Job {
  threads::Body body;
  void *context;
  long items;
  int parts;
};

// Never destroyed: its threads are detached and end with the process.
struct Pool {
  std::mutex mutex;
  std::condition_variable wake;
  std::mutex busy;  // held by the one caller that the pool works for
  std::atomic<long> round{0};
  std::atomic<int> missing{0};
  Job job{};
  int workers = 0;
  pid_t owner = getpid();

  static void part_of(const Job &job, int part) {
    job.body(job.context, job.items * part / job.parts, job.items * (part + 1) / job.parts, part);
  }

  void work(int number, long seen) {
    for (;;) {
      for (int k = 0; k < SPINS && round.load(std::memory_order_acquire) == seen; k++) std::this_thread::yield();
      if (round.load(std::memory_order_acquire) == seen) {
        std::unique_lock<std::mutex> lock(mutex);
        wake.wait(lock, [&] { return round.load() != seen; });
      }
      seen = round.load(std::memory_order_acquire);
      // Every worker answers every round, so none can still read a job when the next one is written.
      if (number < job.parts) part_of(job, number);
      missing.fetch_sub(1, std::memory_order_release);
    }
  }

  void run(const Job &todo) {
    for (; workers < todo.parts - 1; workers++) {
      int number = workers + 1;
      std::thread(&Pool::work, this, number, round.load()).detach();
    }
    job = todo;
    missing.store(workers);
    {
      std::lock_guard<std::mutex> lock(mutex);
      round.fetch_add(1, std::memory_order_release);
    }
    wake.notify_all();
    part_of(todo, 0);
    while (missing.load(std::memory_order_acquire)) std::this_thread::yield();
  }
};

Pool *pool() {
  static Pool *current = new Pool;
  if (current->owner != getpid()) current = new Pool;  // after a fork, the threads of the parent are not here
  return current;
}

}  // namespace

void set_threads(int count) { wanted = count < 1 ? 1 : count; }
int get_threads() { return wanted; }

namespace threads {

static int worth(long items, long cost, long most) {
  if (most > items) most = items;
  if (most > items * cost / WORTH) most = items * cost / WORTH;
  return most < 1 ? 1 : (int)most;
}

int parts_for(long items, long cost) { return worth(items, cost, wanted); }
int groups_for(long items, long cost) { return worth(items, cost, MOST_GROUPS); }

void run(long items, int parts, Body body, void *context) {
  Job job{body, context, items, parts};
  if (parts > 1) {
    Pool *shared = pool();
    std::unique_lock<std::mutex> mine(shared->busy, std::try_to_lock);
    if (mine.owns_lock()) return shared->run(job);
  }
  for (int part = 0; part < parts; part++) Pool::part_of(job, part);  // alone, or the pool works for another thread
}

}  // namespace threads
