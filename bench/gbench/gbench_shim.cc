/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark behind gbench.h: the only C++ of the project, and nothing
 * but translation.
 *
 * The library gets one reporter, which hands everything on to those that the
 * user selected.  That gives the caller the repetitions even when only
 * aggregates are displayed, keeps version 1.7.1's CSV reporter from aborting
 * (all runs at once, so that its header has every counter), and keeps opening
 * the output file, for which the library would call exit(), in our hands.
 */
#include "bench/gbench/gbench.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <locale>
#include <memory>
#include <new>
#include <sstream>
#include <string>
#include <vector>

#include "bench/gbench/gbench_flags.h"

struct gbench_state {
	benchmark::State &state;
};

namespace {

using benchmark::BenchmarkReporter;
using Run = BenchmarkReporter::Run;

/* What gbench_initialize was given; the texts of flags point into arguments. */
struct Settings {
	std::string program = "storsync"; /* the library keeps a pointer to it until the last report */
	std::vector<std::string> arguments;
	gbench_flags flags{ "console", "", "json", false, false, false };
};

Settings settings;

void run_function(benchmark::State &state, gbench_function *function, void *context)
{
	gbench_state wrapped{ state };
	const benchmark::IterationCount n = state.max_iterations;

	while (state.KeepRunningBatch(n)) {
		const double seconds = function(&wrapped, static_cast<uint64_t>(n), context);

		if (state.error_occurred())
			continue;
		if (seconds >= 0 && std::isfinite(seconds))
			state.SetIterationTime(seconds);
		else
			state.SkipWithError("the benchmark returned no valid time");
	}
}

/* JSON has no word for NaN, which the library's statistics make of 0/0: such aggregates and counters go. */
std::vector<Run> without_nan(const std::vector<Run> &reports)
{
	std::vector<Run> kept;

	for (Run run : reports) {
		if (!std::isfinite(run.real_accumulated_time) || !std::isfinite(run.cpu_accumulated_time))
			continue;
		for (auto at = run.counters.begin(); at != run.counters.end();)
			at = std::isfinite(at->second.value) ? std::next(at) : run.counters.erase(at);
		kept.push_back(run);
	}
	return kept;
}

bool is_repetition(const Run &run)
{
	return run.run_type == Run::RT_Iteration;
}

/* The library's rule: aggregates exist once two repetitions had a result. */
bool have_aggregates(const std::vector<Run> &repetitions)
{
	return std::count_if(repetitions.begin(), repetitions.end(), [](const Run &run) { return !run.error_occurred; }) >= 2;
}

/* One of the library's reporters and what is particular about feeding it. */
struct Target {
	BenchmarkReporter *reporter;
	bool aggregates_only;
	bool at_once; /* all runs in one go, at the end */
	std::vector<Run> held;

	void report(const std::vector<Run> &runs)
	{
		if (aggregates_only && is_repetition(runs.front()) && have_aggregates(runs))
			return;
		if (at_once) {
			held.insert(held.end(), runs.begin(), runs.end());
			return;
		}
		reporter->ReportRuns(runs);
		reporter->GetOutputStream().flush();
	}

	void finish()
	{
		if (!held.empty())
			reporter->ReportRuns(held);
		reporter->Finalize();
		reporter->GetOutputStream().flush();
	}
};

class Distributor : public BenchmarkReporter {
public:
	explicit Distributor(const gbench_observer *observer) : observer_(observer) {}

	void add(BenchmarkReporter *reporter, bool aggregates_only, bool at_once)
	{
		targets_.push_back(Target{ reporter, aggregates_only, at_once, {} });
	}

	bool ReportContext(const Context &context) override
	{
		for (Target &target : targets_)
			target.reporter->ReportContext(context);
		return true;
	}

	void ReportRuns(const std::vector<Run> &reports) override
	{
		const std::vector<Run> runs = without_nan(reports);

		if (runs.empty())
			return;
		for (Target &target : targets_)
			target.report(runs);
		if (!observer_->result)
			return;
		for (const Run &run : runs)
			observe(run);
	}

	void Finalize() override
	{
		for (Target &target : targets_)
			target.finish();
	}

private:
	void observe(const Run &run)
	{
		const double per_iteration = 1e9 / static_cast<double>(std::max<int64_t>(run.iterations, 1));
		const bool ratio = !is_repetition(run) && run.aggregate_unit == benchmark::kPercentage;
		std::vector<gbench_counter> counters;
		gbench_result result{};

		for (const auto &counter : run.counters)
			counters.push_back({ counter.first.c_str(), counter.second.value });
		result.name = run.run_name.function_name.c_str();
		result.aggregate = is_repetition(run) ? nullptr : run.aggregate_name.c_str();
		result.aggregate_is_ratio = ratio;
		result.repetition = static_cast<unsigned>(std::max<int64_t>(run.repetition_index, 0));
		result.iterations = static_cast<uint64_t>(run.iterations);
		result.real_ns = run.real_accumulated_time * (ratio ? 1.0 : per_iteration);
		result.cpu_ns = run.cpu_accumulated_time * (ratio ? 1.0 : per_iteration);
		result.skipped = run.error_occurred ? run.error_message.c_str() : nullptr;
		result.counters = counters.size();
		result.counter = counters.data();
		observer_->result(observer_->context, &result);
	}

	const gbench_observer *observer_;
	std::vector<Target> targets_;
};

/* nullptr for "console", whose colours only the library's default reporter knows how to decide. */
std::unique_ptr<BenchmarkReporter> make_reporter(const std::string &format, bool is_file)
{
	if (format == "json")
		return std::make_unique<benchmark::JSONReporter>();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	if (format == "csv")
		return std::make_unique<benchmark::CSVReporter>();
#pragma GCC diagnostic pop
	if (is_file)
		return std::make_unique<benchmark::ConsoleReporter>(benchmark::ConsoleReporter::OO_None);
	return nullptr;
}

/* All reporters of one run and the streams that they write to. */
struct Outputs {
	std::unique_ptr<BenchmarkReporter> display;
	std::ofstream file;
	std::ostream nowhere{ nullptr };
	std::unique_ptr<BenchmarkReporter> to_file;
	std::ostringstream memory;
	benchmark::JSONReporter to_memory;

	void show(Distributor &all)
	{
		const gbench_flags &flags = settings.flags;

		display = make_reporter(flags.format, false);
		all.add(display ? display.get() : benchmark::CreateDefaultDisplayReporter(),
			flags.display_aggregates_only || flags.report_aggregates_only, std::string(flags.format) == "csv");
	}

	bool write(Distributor &all)
	{
		const gbench_flags &flags = settings.flags;
		const bool is_csv = std::string(flags.out_format) == "csv";

		file.open(flags.out);
		if (!file.is_open())
			return false;
		to_file = make_reporter(flags.out_format, true);
		to_file->SetOutputStream(&file);
		/* where the reporter describes the machine: not in front of a CSV header */
		to_file->SetErrorStream(is_csv ? &nowhere : static_cast<std::ostream *>(&file));
		all.add(to_file.get(), flags.report_aggregates_only, is_csv);
		return true;
	}

	void remember(Distributor &all)
	{
		memory.imbue(std::locale::classic());
		to_memory.SetOutputStream(&memory);
		all.add(&to_memory, false, false);
	}
};

int run(const gbench_observer *observer)
{
	const bool lists_only = settings.flags.list_tests;
	Distributor all(observer);
	Outputs outputs;

	if (!observer->quiet)
		outputs.show(all);
	if (*settings.flags.out && !lists_only && !outputs.write(all))
		return -EIO;
	if (observer->json)
		outputs.remember(all);
	if (benchmark::RunSpecifiedBenchmarks(&all) == 0)
		return -ENOENT;
	if (outputs.to_file && !outputs.file.flush())
		return -EIO;
	if (observer->json && !lists_only) {
		*observer->json = strdup(outputs.memory.str().c_str());
		if (!*observer->json)
			return -ENOMEM;
	}
	return 0;
}

/* Asked before anything is run.  An existing file keeps its content until then. */
bool can_write(const char *path)
{
	return std::ofstream(path, std::ios::app).is_open();
}

/* Every default, then the caller's, then the user's: the last one counts. */
int initialize(int argc, char *const *argv, const char *const *defaults, char *error, size_t error_bytes)
{
	std::vector<char *> forwarded;
	size_t own;
	int count;

	settings = Settings();
	settings.program = argv[0];
	for (own = 0; gbench_flags_default(own); own++)
		settings.arguments.push_back(gbench_flags_default(own));
	for (; defaults && *defaults; defaults++)
		settings.arguments.push_back(*defaults);
	settings.arguments.insert(settings.arguments.end(), argv + 1, argv + argc);

	forwarded.push_back(settings.program.data());
	for (size_t i = 0; i < settings.arguments.size(); i++) {
		std::string &argument = settings.arguments[i];
		bool forward = false;
		int failed = gbench_flags_note(argument.c_str(), &settings.flags, &forward, error, error_bytes);

		if (failed)
			return failed;
		/* the library must not find in its environment what the shim does itself */
		if (forward || i < own)
			forwarded.push_back(argument.data());
	}
	if (*settings.flags.out && !settings.flags.list_tests && !can_write(settings.flags.out)) {
		snprintf(error, error_bytes, "option '--benchmark_out': '%s' is not a file that can be written: %s",
			 settings.flags.out, strerror(errno));
		return -EINVAL;
	}
	count = static_cast<int>(forwarded.size());
	forwarded.push_back(nullptr);
	benchmark::Initialize(&count, forwarded.data());
	if (count == 1)
		return 0;
	snprintf(error, error_bytes, "option '%s' is not known to this version of the benchmark library", forwarded[1]);
	return -EINVAL;
}

/* Calls body and turns what it throws into an error number. */
template <typename Body> int without_exceptions(Body body)
{
	try {
		return body();
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	} catch (...) {
		return -EIO;
	}
}

} // namespace

extern "C" {

void gbench_set_counter(struct gbench_state *state, const char *name, double value)
{
	/* the frame above is C's: running out of memory ends the program here */
	[&]() noexcept { state->state.counters[name] = value; }();
}

void gbench_skip(struct gbench_state *state, const char *reason)
{
	[&]() noexcept { state->state.SkipWithError(reason); }();
}

int gbench_register(const char *name, gbench_function *function, void *context, const struct gbench_options *options)
{
	const gbench_options chosen = options ? *options : gbench_options{};

	if (!(chosen.min_time_s >= 0) || (chosen.iterations && chosen.min_time_s > 0))
		return -EINVAL;
	return without_exceptions([&] {
		auto *added = benchmark::RegisterBenchmark(
			name, [=](benchmark::State &state) { run_function(state, function, context); });

		added->UseManualTime();
		if (chosen.min_time_s > 0)
			added->MinTime(chosen.min_time_s);
		if (chosen.iterations)
			added->Iterations(static_cast<benchmark::IterationCount>(chosen.iterations));
		if (chosen.repetitions)
			added->Repetitions(static_cast<int>(chosen.repetitions));
		return 0;
	});
}

void gbench_clear(void)
{
	benchmark::ClearRegisteredBenchmarks();
}

int gbench_initialize(int argc, char *const *argv, const char *const *defaults, char *error, size_t error_bytes)
{
	return without_exceptions([&] { return initialize(argc, argv, defaults, error, error_bytes); });
}

const char *gbench_format(void)
{
	return settings.flags.format;
}

bool gbench_lists_only(void)
{
	return settings.flags.list_tests;
}

int gbench_run(const struct gbench_observer *observer)
{
	if (observer->json)
		*observer->json = nullptr;
	return without_exceptions([&] { return run(observer); });
}

} // extern "C"
