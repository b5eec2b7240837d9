import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/** Serves MongoDB's wire protocol from memory on the loopback port it is given. */
public class Mongo {
    public static void main(String[] args) {
        MemoryBackend backend = new MemoryBackend();
        backend.version(new Newer());
        new MongoServer(backend).bind("127.0.0.1", Integer.parseInt(args[0]));
    }

    /** The server calls itself 4.0 at most; today's drivers want 4.4, whose basic commands are the same. */
    private static class Newer implements MongoVersion {
        @Override
        public List<Integer> getVersionArray() {
            return List.of(4, 4, 0, 0);
        }

        @Override
        public int getWireVersion() {
            return 9;
        }

        @Override
        public String toVersionString() {
            return "4.4.0";
        }
    }
}
