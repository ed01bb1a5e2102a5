<?php
// A WebDAV server made with sabre/dav, the library that Nextcloud and ownCloud speak WebDAV with. `php -S` runs it for a test; what
// it serves comes in the environment.
ini_set('display_errors', '0'); // warnings go to the log, not between the lines of a reply
error_reporting(E_ALL & ~E_DEPRECATED);
require 'Sabre/autoload.php';

class OneUser extends Sabre\DAV\Auth\Backend\AbstractBasic {
	protected function validateUserPass($user, $password) {
		return hash_equals(getenv('DAV_USER'), $user) && hash_equals(getenv('DAV_PASSWORD'), $password);
	}
}

// Folders with an entity tag that changes with whatever changes below, as those of Nextcloud have.
class Folder extends Sabre\DAV\FS\Directory implements Sabre\DAV\IProperties {
	public function getChild($name) {
		$path = $this->path . '/' . $name;
		return is_dir($path) ? new Folder($path) : parent::getChild($name);
	}
	public function getProperties($wanted) {
		return ['{DAV:}getetag' => '"' . md5(self::content($this->path)) . '"'];
	}
	public function updateProperties($changes) {
		return false;
	}
	private static function content($path) {
		$text = '';
		foreach (@scandir($path) ?: [] as $name) {
			if ($name !== '.' && $name !== '..') {
				$file = "$path/$name";
				$text .= $name . (is_dir($file) ? '(' . self::content($file) . ')' : ':' . @filesize($file)) . "\n";
			}
		}
		return $text;
	}
}

$files = getenv('DAV_FILES');
$server = new Sabre\DAV\Server(getenv('DAV_TAGS') ? new Folder($files) : new Sabre\DAV\FS\Directory($files));
$server->setBaseUri(getenv('DAV_BASE'));
$server->addPlugin(new Sabre\DAV\Auth\Plugin(new OneUser(), getenv('DAV_REALM')));
$server->addPlugin(new Sabre\DAV\Locks\Plugin(new Sabre\DAV\Locks\Backend\File(getenv('DAV_LOCKS'))));
$server->exec();
