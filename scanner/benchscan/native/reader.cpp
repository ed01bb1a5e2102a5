// Reads QR codes with zxing-cpp and zbar for the comparison of `make bench-scan`. Built and run there, never part of the
// program.
//
// On standard input, line by line:   load <file, grey, binary PGM>   the picture that is read from now on; answered with "ok"
//                                    <decoder> <repetitions>
// One answer per line on standard output:   <nanoseconds of each repetition, with commas between> <codes> <text of each, hexadecimal, "-" for empty>…
//
// Only the call that decodes is timed. Reading the file and making what the library wants to be handed once per
// process are not.
#include <zbar.h> // first: ZXing defines macros with the names of its classes

#define ZX_USE_UTF8 1
#include <ZXing/ReadBarcode.h>
#include <ZXing/ZXVersion.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

using Clock = std::chrono::steady_clock;

struct Picture {
	int w = 0, h = 0;
	std::vector<uint8_t> pix;
};

static bool load(const std::string& path, Picture& p)
{
	std::ifstream f(path, std::ios::binary);
	std::string magic;
	int max = 0;
	if (!(f >> magic >> p.w >> p.h >> max) || magic != "P5" || max != 255)
		return false;
	f.get();
	p.pix.resize(size_t(p.w) * p.h);
	return bool(f.read(reinterpret_cast<char*>(p.pix.data()), p.pix.size()));
}

static std::vector<std::string> zxing(const Picture& p)
{
	ZXing::DecodeHints hints; // as it comes: try harder, rotate, downscale
	hints.setFormats(ZXing::BarcodeFormat::QRCode);
	std::vector<std::string> out;
	for (const auto& r : ZXing::ReadBarcodes({p.pix.data(), p.w, p.h, ZXing::ImageFormat::Lum}, hints))
		if (r.isValid())
			out.push_back(r.text());
	return out;
}

static zbar::ImageScanner& zbarScanner()
{
	static zbar::ImageScanner s;
	static bool made = false;
	if (!made) {
		s.set_config(zbar::ZBAR_NONE, zbar::ZBAR_CFG_ENABLE, 0);
		s.set_config(zbar::ZBAR_QRCODE, zbar::ZBAR_CFG_ENABLE, 1);
		s.set_config(zbar::ZBAR_NONE, zbar::ZBAR_CFG_TEST_INVERTED, 1);
		made = true;
	}
	return s;
}

static std::vector<std::string> zbarRead(const Picture& p)
{
	zbar::Image m(p.w, p.h, "Y800", p.pix.data(), p.pix.size());
	zbarScanner().scan(m);
	std::vector<std::string> out;
	for (auto s = m.symbol_begin(); s != m.symbol_end(); ++s)
		out.push_back(s->get_data());
	m.set_data(nullptr, 0);
	return out;
}

int main()
{
	unsigned zmajor = 0, zminor = 0, zpatch = 0;
	zbar::zbar_version(&zmajor, &zminor, &zpatch);
	std::printf("zxing-cpp %d.%d.%d, zbar %u.%u.%u\n", ZXING_VERSION_MAJOR, ZXING_VERSION_MINOR, ZXING_VERSION_PATCH, zmajor, zminor, zpatch);
	std::fflush(stdout);
	std::string command;
	Picture p;
	bool loaded = false;
	while (std::cin >> command) {
		if (command == "load") {
			std::string path;
			std::getline(std::cin >> std::ws, path);
			loaded = load(path, p);
			std::printf(loaded ? "ok\n" : "error\n");
			std::fflush(stdout);
			continue;
		}
		int repetitions = 0;
		std::cin >> repetitions;
		if (!loaded || repetitions < 1) {
			std::printf("error\n");
			std::fflush(stdout);
			continue;
		}
		std::vector<std::string> texts;
		for (int i = 0; i < repetitions; i++) {
			const auto start = Clock::now();
			texts = command == "zbar" ? zbarRead(p) : zxing(p);
			const auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count();
			std::printf("%s%lld", i ? "," : "", static_cast<long long>(took));
		}
		std::printf(" %zu", texts.size());
		for (const auto& t : texts) {
			std::printf(" %s", t.empty() ? "-" : "");
			for (unsigned char c : t)
				std::printf("%02x", c);
		}
		std::printf("\n");
		std::fflush(stdout);
	}
}
