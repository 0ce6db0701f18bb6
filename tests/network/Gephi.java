import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.gephi.graph.api.Column;
import org.gephi.graph.api.Edge;
import org.gephi.graph.api.Element;
import org.gephi.graph.api.GraphController;
import org.gephi.graph.api.GraphModel;
import org.gephi.graph.api.Node;
import org.gephi.io.importer.api.Container;
import org.gephi.io.importer.api.ImportController;
import org.gephi.io.importer.api.Issue;
import org.gephi.io.processor.plugin.DefaultProcessor;
import org.gephi.project.api.ProjectController;
import org.gephi.project.api.Workspace;
import org.openide.util.Lookup;

/** Opens files as Gephi does with its default options, and prints what is in each: counts, problems, small graphs whole. */
public class Gephi {
    private static final int WHOLE = 500;

    public static void main(String[] names) throws Exception {
        for (String name : names) {
            ProjectController projects = Lookup.getDefault().lookup(ProjectController.class);
            projects.newProject();
            Workspace workspace = projects.getCurrentWorkspace();
            ImportController importer = Lookup.getDefault().lookup(ImportController.class);
            Container container = importer.importFile(new File(name));
            importer.process(container, new DefaultProcessor(), workspace);
            GraphModel model = Lookup.getDefault().lookup(GraphController.class).getGraphModel(workspace);
            int nodes = model.getGraph().getNodeCount();
            System.out.println("file\t" + nodes + "\t" + model.getGraph().getEdgeCount());
            container.getReport().getIssues(10).forEachRemaining(Gephi::problem);
            if (nodes <= WHOLE) {
                for (Node node : model.getGraph().getNodes().toArray()) {
                    values("node", node, node.getLabel());
                }
                for (Edge edge : model.getGraph().getEdges().toArray()) {
                    values("edge", edge, String.valueOf(edge.getTypeLabel()));
                }
            }
            projects.closeCurrentProject();
        }
        System.exit(0);
    }

    private static void problem(Issue issue) {
        if (issue.getLevel() != Issue.Level.INFO) {
            System.out.println("problem\t" + issue.getMessage());
        }
    }

    private static void values(String kind, Element element, String label) {
        System.out.println(kind + "\t" + element.getId() + "\t" + packed(label));
        for (Column column : element.getAttributeColumns()) {
            Object value = element.getAttribute(column);
            if (value != null && !column.isProperty()) {
                String type = column.getTypeClass().getSimpleName();
                System.out.println("value\t" + column.getTitle() + "\t" + type + "\t" + packed(String.valueOf(value)));
            }
        }
    }

    private static String packed(String text) {
        return text == null ? "" : Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
